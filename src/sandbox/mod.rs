//! An emulator of both platforms.
