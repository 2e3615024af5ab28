//! Pulses and noise through resonances.

use std::f64::consts::{PI, TAU};

use secateur_core::Random;

use super::phones::{CONSONANTS, Phone, VOWELS};
use super::{Scene, Speaker};
use crate::audio::Sound;

/// Samples a second.
const RATE: u32 = 16_000;
/// Samples during which nothing but the source moves.
const STEP: usize = 80;
/// Root of the mean square of the samples, of a speaker at a usual distance.
const LEVEL: f64 = 1500.0;
/// Widths of the first four resonances, in Hz, and of the fifth.
const WIDTHS: [f64; 5] = [60.0, 90.0, 140.0, 200.0, 300.0];

pub(super) fn say(speaker: &Speaker, random: &mut Random, scene: &Scene) -> Sound {
    let count = (scene.seconds * f64::from(RATE)).round().max(0.0) as usize;
    let mut tract = Tract::new(speaker);
    let mut samples = Vec::with_capacity(count + RATE as usize);
    while samples.len() < count {
        phrase(speaker, random, &mut tract, &mut samples);
    }
    samples.truncate(count);
    if let Some(microphone) = scene.microphone {
        color(&mut samples, microphone);
    }
    let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / count.max(1) as f64;
    let gain = LEVEL * (0.3 * random.normal()).exp() / power.sqrt().max(1e-9);
    let room = LEVEL * 10.0_f64.powf(-scene.noise_db / 20.0);
    let mut low = 0.0;
    let recorded = samples.iter().map(|sample| {
        // Half of the noise is white, half is a rumble.
        let white = even(random) * 3.0_f64.sqrt();
        low = 0.95 * low + 0.3 * white;
        let value = sample * gain + room * 0.7 * (white + low);
        // A recorder has whole numbers.
        value.round().clamp(-32768.0, 32767.0) as f32
    });
    Sound { rate: RATE, samples: recorded.collect() }
}

/// A number between -1 and 1.
fn even(random: &mut Random) -> f64 {
    2.0 * random.uniform() - 1.0
}

/// Some syllables and a pause.
fn phrase(speaker: &Speaker, random: &mut Random, tract: &mut Tract, out: &mut Vec<f64>) {
    let syllables = 3 + random.below(6);
    let lift = 0.3 * speaker.pitch_range * random.normal();
    for syllable in 0..syllables {
        let fall = 0.5 - syllable as f64 / syllables as f64;
        let melody = lift + speaker.pitch_range * (fall + 0.4 * random.normal());
        if random.uniform() < 0.85 {
            consonant(speaker, random, tract, melody, out);
        }
        let vowel = random.below(VOWELS.len());
        sound(speaker, random, tract, &VOWELS[vowel], vowel, melody, out);
        if random.uniform() < 0.3 {
            consonant(speaker, random, tract, melody, out);
        }
    }
    let pause = 0.1 + 0.3 * random.uniform();
    tract.silence((pause * f64::from(RATE)) as usize, random, out);
}

fn consonant(
    speaker: &Speaker,
    random: &mut Random,
    tract: &mut Tract,
    melody: f64,
    out: &mut Vec<f64>,
) {
    let index = random.below(CONSONANTS.len());
    let phone = &CONSONANTS[index];
    sound(speaker, random, tract, phone, VOWELS.len() + index, melody, out);
}

fn sound(
    speaker: &Speaker,
    random: &mut Random,
    tract: &mut Tract,
    phone: &Phone,
    habit: usize,
    melody: f64,
    out: &mut Vec<f64>,
) {
    if phone.closure_ms > 0.0 {
        let closed = phone.closure_ms / 1000.0 * f64::from(RATE);
        tract.silence((closed * speaker.pace) as usize, random, out);
    }
    let habit = &speaker.habits[habit];
    // No sound is twice the same.
    let mut near = |factor: f64| factor * (0.02 * random.normal()).exp();
    let formants = [0, 1, 2].map(|at| phone.formants[at] * near(habit[at]));
    let length = phone.ms / 1000.0 * f64::from(RATE) * speaker.pace * near(1.0);
    let noise_at = phone.noise_at.map(|hz| hz * near(speaker.noise));
    let target = Phone { formants, noise_at, ..*phone };
    let steps = (length / STEP as f64).ceil().max(1.0) as usize;
    for _ in 0..steps {
        tract.approach(speaker, &target);
        tract.run(speaker, random, melody, out);
    }
}

/// A resonance of the second order.
#[derive(Clone, Copy, Debug, Default)]
struct Resonance {
    gain: f64,
    first: f64,
    second: f64,
    last: [f64; 2],
}

impl Resonance {
    fn tune(&mut self, hz: f64, width: f64) {
        // Below half the rate, with room.
        let turn = TAU * hz.min(0.46 * f64::from(RATE)) / f64::from(RATE);
        let radius = (-PI * width / f64::from(RATE)).exp();
        self.second = -radius * radius;
        self.first = 2.0 * radius * turn.cos();
        self.gain = 1.0 - self.first - self.second;
    }

    fn pass(&mut self, value: f64) -> f64 {
        let out = self.gain * value + self.first * self.last[0] + self.second * self.last[1];
        self.last = [out, self.last[0]];
        out
    }
}

/// The state of the glottis and of the vocal tract.
struct Tract {
    formants: [f64; 3],
    voice: f64,
    breath: f64,
    noise: f64,
    resonances: [Resonance; 5],
    hiss: Resonance,
    /// Place in the period, in samples, and its length.
    at: f64,
    period: f64,
    strength: f64,
    soft: f64,
    last: f64,
}

impl Tract {
    fn new(speaker: &Speaker) -> Self {
        let mut resonances = [Resonance::default(); 5];
        let upper = 4500.0 * speaker.formants[3];
        resonances[4].tune(upper, WIDTHS[4] * speaker.widths);
        Self {
            formants: [500.0, 1500.0, 2500.0],
            voice: 0.0,
            breath: 0.0,
            noise: 0.0,
            resonances,
            hiss: Resonance::default(),
            at: 0.0,
            period: 0.0,
            strength: 1.0,
            soft: 0.0,
            last: 0.0,
        }
    }

    /// Moves a step towards a sound.
    fn approach(&mut self, speaker: &Speaker, target: &Phone) {
        let near = |now: &mut f64, then: f64, part: f64| *now += part * (then - *now);
        for (now, then) in self.formants.iter_mut().zip(target.formants) {
            near(now, then, 0.25);
        }
        near(&mut self.voice, target.voice, 0.4);
        near(&mut self.breath, target.breath, 0.5);
        near(&mut self.noise, target.noise, 0.6);
        let fourth = 3500.0;
        let [f1, f2, f3] = self.formants;
        for (index, hz) in [f1, f2, f3, fourth].into_iter().enumerate() {
            let width = WIDTHS[index] * speaker.widths;
            self.resonances[index].tune(hz * speaker.formants[index], width);
        }
        self.hiss.tune(target.noise_at[0], target.noise_at[1]);
    }

    fn run(&mut self, speaker: &Speaker, random: &mut Random, melody: f64, out: &mut Vec<f64>) {
        for _ in 0..STEP {
            if self.at >= self.period {
                self.at -= self.period;
                let hz = speaker.pitch_hz * (melody + speaker.jitter * random.normal()).exp();
                self.period = f64::from(RATE) / hz;
                self.strength = 1.0 + speaker.shimmer * random.normal();
            }
            let noise = even(random);
            let flow = pulse(self.at / self.period / speaker.open);
            self.at += 1.0;
            let voiced = self.voice * self.strength * (flow + speaker.breath * noise * flow);
            let source = voiced + 0.3 * self.breath * noise;
            self.soft = speaker.tilt * self.soft + (1.0 - speaker.tilt) * source;
            let mut value = self.soft;
            for resonance in &mut self.resonances {
                value = resonance.pass(value);
            }
            value += 0.03 * self.noise * self.hiss.pass(noise);
            // The lips let through what changes.
            out.push(value - 0.97 * self.last);
            self.last = value;
        }
    }

    /// A closed mouth: what rings fades.
    fn silence(&mut self, count: usize, random: &mut Random, out: &mut Vec<f64>) {
        (self.voice, self.breath, self.noise) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let mut value = 1e-4 * even(random);
            for resonance in &mut self.resonances {
                value = resonance.pass(value);
            }
            out.push(value - 0.97 * self.last);
            self.last = value;
        }
    }
}

/// The flow through the glottis at a part of its open time; closed after it.
///
/// Source: A. Rosenberg, 1971, "Effect of glottal pulse shape on the quality of natural vowels",
/// shape C, rising for two thirds.
fn pulse(part: f64) -> f64 {
    const RISE: f64 = 2.0 / 3.0;
    if part < RISE {
        0.5 - 0.5 * (PI * part / RISE).cos()
    } else if part < 1.0 {
        (PI / 2.0 * (part - RISE) / (1.0 - RISE)).cos()
    } else {
        0.0
    }
}

/// What a microphone does: a slope, and a resonance.
fn color(samples: &mut [f64], microphone: u64) {
    let mut random = Random::stream(microphone, u64::MAX);
    let slope = 0.7 * even(&mut random);
    let mut resonance = Resonance::default();
    resonance.tune(1000.0 + 5000.0 * random.uniform(), 800.0);
    let share = 1.5 * even(&mut random) / resonance_peak(&resonance);
    let mut last = 0.0;
    for sample in samples {
        let value = *sample + slope * last;
        last = *sample;
        *sample = value + share * resonance.pass(value);
    }
}

/// About how much a resonance amplifies at its place.
fn resonance_peak(resonance: &Resonance) -> f64 {
    let radius = (-resonance.second).sqrt();
    let turn = (resonance.first / (2.0 * radius)).clamp(-1.0, 1.0).acos();
    resonance.gain.abs() / ((1.0 - radius) * 2.0 * turn.sin().max(0.05))
}
