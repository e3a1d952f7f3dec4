#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gpbuild_fuzz::answer(bytes));
