#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| secsync_fuzz::api_answer(bytes));
