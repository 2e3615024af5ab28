//! Synthetic speakers, where there are no recordings.
//!
//! [`Speaker`] speaks: pulses of a glottis and noise go through the resonances of a vocal tract
//! that is the speaker's own. It says nonsense, but its vowels and consonants, pitch, breath and
//! pauses make frames that are as different between speakers, and as alike within one, as those
//! of an easy set of recordings. [`Cloud`] skips the sound and draws frames of a mixture that is
//! the speaker's own, for tests with thousands of speakers.
//!
//! Everything is decided by the seeds of the speaker and of the utterance.
//!
//! They do not know words, moods, rooms, or telephones: what holds for them need not hold for
//! recordings.

mod cloud;
mod phones;
mod speaker;
mod synthesis;
#[cfg(test)]
mod tests;

pub use cloud::Cloud;
pub use speaker::{Scene, Speaker};
