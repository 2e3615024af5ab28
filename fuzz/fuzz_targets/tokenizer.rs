#![no_main]

// The library panics on some input, which its seam catches; the hook of libFuzzer would end the
// process before that. A panic that escapes still does.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| ())),
    |bytes: &[u8]| secateur_attacks::doors::tokenizer(bytes)
);
