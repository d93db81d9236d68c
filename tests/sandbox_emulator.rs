//! The sandbox behaves as the real servers do.

mod sandbox_emulator {
    mod enkryptify;
    mod http;
    mod infisical;
    mod replay;
    mod support;
}
