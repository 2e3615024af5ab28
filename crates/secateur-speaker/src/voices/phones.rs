//! The sounds that a synthetic speaker makes, for a grown man of middle size.

/// A sound, as its targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phone {
    /// The first three resonances, in Hz.
    pub(super) formants: [f64; 3],
    /// Strength of the pulses.
    pub(super) voice: f64,
    /// Strength of noise at the glottis.
    pub(super) breath: f64,
    /// Strength of noise at the lips or teeth.
    pub(super) noise: f64,
    /// Where that noise is, and how wide, in Hz.
    pub(super) noise_at: [f64; 2],
    /// Usual length, in milliseconds.
    pub(super) ms: f64,
    /// Milliseconds of closure before it.
    pub(super) closure_ms: f64,
}

const fn vowel(f1: f64, f2: f64, f3: f64) -> Phone {
    Phone {
        formants: [f1, f2, f3],
        voice: 1.0,
        breath: 0.0,
        noise: 0.0,
        noise_at: [4000.0, 2000.0],
        ms: 110.0,
        closure_ms: 0.0,
    }
}

const fn glide(f1: f64, f2: f64, f3: f64, voice: f64) -> Phone {
    Phone { voice, ms: 60.0, ..vowel(f1, f2, f3) }
}

const fn hiss(formants: [f64; 3], noise: f64, noise_at: [f64; 2], voice: f64) -> Phone {
    let [f1, f2, f3] = formants;
    Phone { voice, noise, noise_at, ms: 85.0, ..vowel(f1, f2, f3) }
}

const fn stop(formants: [f64; 3], noise_at: [f64; 2], voice: f64) -> Phone {
    let [f1, f2, f3] = formants;
    let breath = if voice > 0.0 { 0.1 } else { 0.5 };
    Phone { voice, breath, noise: 0.5, noise_at, ms: 25.0, closure_ms: 50.0, ..vowel(f1, f2, f3) }
}

/// Vowels. Source: G. Peterson and H. Barney, 1952, "Control methods used in a study of the
/// vowels", table II (men).
pub(super) const VOWELS: [Phone; 10] = [
    vowel(270.0, 2290.0, 3010.0),
    vowel(390.0, 1990.0, 2550.0),
    vowel(530.0, 1840.0, 2480.0),
    vowel(660.0, 1720.0, 2410.0),
    vowel(730.0, 1090.0, 2440.0),
    vowel(570.0, 840.0, 2410.0),
    vowel(440.0, 1020.0, 2240.0),
    vowel(300.0, 870.0, 2240.0),
    vowel(640.0, 1190.0, 2390.0),
    vowel(490.0, 1350.0, 1690.0),
];

/// Consonants: l, w, y, r, m, n, ng; s, sh, f, h, z, v; p, t, k, b, d, g. Round numbers of our
/// own.
pub(super) const CONSONANTS: [Phone; 19] = [
    glide(360.0, 1000.0, 2600.0, 0.7),
    glide(300.0, 700.0, 2200.0, 0.7),
    glide(280.0, 2200.0, 2900.0, 0.7),
    glide(330.0, 1200.0, 1600.0, 0.7),
    glide(250.0, 1000.0, 2200.0, 0.35),
    glide(250.0, 1500.0, 2500.0, 0.35),
    glide(250.0, 2000.0, 2600.0, 0.3),
    hiss([350.0, 1600.0, 2600.0], 0.6, [5500.0, 1500.0], 0.0),
    hiss([350.0, 1800.0, 2500.0], 0.6, [2900.0, 900.0], 0.0),
    hiss([350.0, 1000.0, 2300.0], 0.2, [4500.0, 4000.0], 0.0),
    Phone { breath: 0.6, ms: 60.0, ..hiss([500.0, 1500.0, 2500.0], 0.0, [4000.0, 2000.0], 0.0) },
    hiss([300.0, 1600.0, 2600.0], 0.35, [5500.0, 1500.0], 0.4),
    hiss([300.0, 1000.0, 2300.0], 0.1, [4500.0, 4000.0], 0.4),
    stop([350.0, 900.0, 2200.0], [900.0, 800.0], 0.0),
    stop([350.0, 1700.0, 2600.0], [4500.0, 1500.0], 0.0),
    stop([350.0, 1900.0, 2400.0], [2000.0, 700.0], 0.0),
    stop([250.0, 900.0, 2200.0], [900.0, 800.0], 0.5),
    stop([250.0, 1700.0, 2600.0], [4500.0, 1500.0], 0.5),
    stop([250.0, 1900.0, 2400.0], [2000.0, 700.0], 0.5),
];
