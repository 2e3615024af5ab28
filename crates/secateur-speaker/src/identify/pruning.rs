//! When speakers are cut, and which.

use secateur_core::{Budget, Criterion, Limits, Mask, Scores, select};

use crate::criteria::{Candidates, Likelihood, Likelihoods};
use crate::error::SpeakerError;

/// Fewest speakers that pruning leaves.
pub(super) const KEPT_MIN: usize = 2;

/// A cut after a part of the speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Share of the speakers still there that is kept, above 0 to 1, rounded up.
    pub keep: f64,
    /// Share of the whole speech that is heard before, above 0 to 1, rounded up.
    pub part: f64,
    /// Fewest frames that are heard before.
    pub frames_min: usize,
    /// Most frames that are heard before: past half a minute the order of the speakers is known,
    /// and their likelihoods need not be held.
    pub frames_max: usize,
}

impl Cut {
    /// A cut with the limits of the method: 30 frames at least, 3,000 at most.
    pub fn new(keep: f64, part: f64) -> Self {
        Self { keep, part, frames_min: 30, frames_max: 3000 }
    }

    /// Frames heard before the cut, of `total`.
    pub fn frames(&self, total: usize) -> usize {
        ceil(self.part * total as f64).clamp(self.frames_min, self.frames_max).min(total)
    }

    /// Speakers kept of `n`.
    pub fn kept(&self, n: usize) -> usize {
        ceil(self.keep * n as f64).max(KEPT_MIN).min(n)
    }
}

/// Rounds up what is no whole number but for the last digits of its product.
fn ceil(value: f64) -> usize {
    (value - 1e-9).ceil() as usize
}

/// Which speakers are cut on the way; the paper's form is [`Pruning::two_stage`].
#[derive(Clone, Debug, PartialEq)]
pub enum Pruning {
    /// None.
    Never,
    /// After parts of the speech those of most likelihood stay: one cut is the two-stage form of
    /// Kim et al., several are a cascade.
    Parts(Vec<Cut>),
    /// After every so many frames so many of the worst go (Kinnunen et al. 2006).
    Static {
        /// Frames between cuts.
        every: usize,
        /// Speakers cut at once.
        cut: usize,
    },
    /// After every so many frames those go whose score lies more than `eta` standard deviations
    /// below the mean of those still there (Kinnunen et al. 2006).
    Adaptive {
        /// Frames between cuts.
        every: usize,
        /// Standard deviations.
        eta: f64,
    },
    /// After every so many frames those go whose score lies below the mean and whose mean
    /// log-likelihood of a frame has moved by less than the share `epsilon` (Kinnunen et al.
    /// 2006, details reconstructed: what counts as settled and as poor).
    Confidence {
        /// Frames between cuts.
        every: usize,
        /// Share of the mean log-likelihood.
        epsilon: f64,
    },
    /// Models of few Gaussians, made by merging, choose on a part of the speech which full models
    /// hear all of it.
    Hierarchical {
        /// Gaussians of the coarse models.
        components: usize,
        /// What is kept, after which part.
        cut: Cut,
    },
}

impl Pruning {
    /// The form of the paper: after a part of the speech the best share stays.
    pub fn two_stage(keep: f64, part: f64) -> Self {
        Self::Parts(vec![Cut::new(keep, part)])
    }

    /// Two cuts: the second after twice the part, to the same share again.
    pub fn cascade(keep: f64, part: f64) -> Self {
        Self::Parts(vec![Cut::new(keep, part), Cut::new(keep, (2.0 * part).min(1.0))])
    }

    /// Name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Never => "none",
            Self::Parts(cuts) if cuts.len() == 1 => "two-stage",
            Self::Parts(_) => "cascade",
            Self::Static { .. } => "static",
            Self::Adaptive { .. } => "adaptive",
            Self::Confidence { .. } => "confidence",
            Self::Hierarchical { .. } => "hierarchical",
        }
    }

    /// Checks all numbers.
    ///
    /// # Errors
    /// [`SpeakerError::Option`] for the first that makes no sense.
    pub fn check(&self) -> Result<(), SpeakerError> {
        let refuse = |option, expected, got: f64| {
            Err(SpeakerError::Option { option, expected, got: got.to_string() })
        };
        let share = |option, value: f64| {
            if value > 0.0 && value <= 1.0 {
                Ok(())
            } else {
                refuse(option, "above 0, at most 1", value)
            }
        };
        let frames = |every: usize| {
            if every > 0 { Ok(()) } else { refuse("every", "at least 1 frame", 0.0) }
        };
        match self {
            Self::Never => Ok(()),
            Self::Parts(cuts) => cuts.iter().try_for_each(|cut| {
                share("keep", cut.keep)?;
                share("part", cut.part)?;
                Self::check_frames(cut)
            }),
            Self::Static { every, .. } => frames(*every),
            Self::Adaptive { every, eta } => {
                if eta.is_nan() || *eta < 0.0 {
                    return refuse("eta", "at least 0", *eta);
                }
                frames(*every)
            }
            Self::Confidence { every, epsilon } => {
                if epsilon.is_nan() || *epsilon < 0.0 {
                    return refuse("epsilon", "at least 0", *epsilon);
                }
                frames(*every)
            }
            Self::Hierarchical { components, cut } => {
                if *components == 0 {
                    return refuse("components", "at least 1", 0.0);
                }
                share("keep", cut.keep)?;
                share("part", cut.part)?;
                Self::check_frames(cut)
            }
        }
    }

    fn check_frames(cut: &Cut) -> Result<(), SpeakerError> {
        if (1..=cut.frames_max).contains(&cut.frames_min) {
            return Ok(());
        }
        let (option, expected) = ("frames_min", "at least 1, at most frames_max");
        Err(SpeakerError::Option { option, expected, got: cut.frames_min.to_string() })
    }

    /// Frames heard when the next cut is due, after `cuts` cuts at `heard` of `total` frames.
    pub(super) fn next(&self, cuts: usize, heard: usize, total: usize) -> Option<usize> {
        match self {
            Self::Never | Self::Hierarchical { .. } => None,
            Self::Parts(all) => all.get(cuts).map(|cut| cut.frames(total).max(heard)),
            Self::Static { every, .. }
            | Self::Adaptive { every, .. }
            | Self::Confidence { every, .. } => Some((heard / every + 1) * every),
        }
    }

    /// The speakers that stay at cut number `cuts`; `before` is the mean log-likelihood of a frame
    /// of each at the cut before.
    pub(super) fn choose(
        &self,
        cuts: usize,
        candidates: &Candidates,
        heard: &Likelihoods,
        frames: usize,
        before: Option<&[f64]>,
    ) -> Result<Mask, SpeakerError> {
        let n = candidates.ids.len();
        let limits = |pinned| Limits { pinned, min_keep: KEPT_MIN, multiple_of: 0 };
        let best = |keep: usize| {
            let scores = Likelihood.score(candidates, heard)?;
            select(&scores, Budget::Keep(keep), &limits(None))
                .map_err(secateur_core::PruneError::from)
        };
        let mask = match self {
            Self::Never => Mask::keep_all(n),
            Self::Parts(all) => best(all[cuts].kept(n))?,
            Self::Hierarchical { cut, .. } => best(cut.kept(n))?,
            Self::Static { cut, .. } => best(n.saturating_sub(*cut).max(KEPT_MIN))?,
            Self::Adaptive { eta, .. } => {
                let scores = standardized(&heard.totals)?;
                select(&scores, Budget::AtLeast(-*eta as f32), &limits(None))
                    .map_err(secateur_core::PruneError::from)?
            }
            Self::Confidence { epsilon, .. } => {
                let scores = standardized(&heard.totals)?;
                // Whoever has not settled stays.
                let settled = |at: usize, total: &f64| {
                    let mean = total / frames as f64;
                    before.is_some_and(|b| (mean - b[at]).abs() < epsilon * b[at].abs())
                };
                let totals = heard.totals.iter().enumerate();
                let pinned: Mask = totals.map(|(at, total)| !settled(at, total)).collect();
                select(&scores, Budget::AtLeast(0.0), &limits(Some(pinned)))
                    .map_err(secateur_core::PruneError::from)?
            }
        };
        Ok(mask)
    }
}

/// Sums less their mean, in standard deviations; zero when all are equal.
fn standardized(totals: &[f64]) -> Result<Scores, SpeakerError> {
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let deviation = (totals.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
    let values = totals.iter().map(|t| ((t - mean) * scale) as f32).collect();
    Ok(Scores::one_group(values).map_err(secateur_core::PruneError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_shares_round_up() {
        let cut = Cut::new(0.2, 0.2);
        assert_eq!((cut.kept(630), cut.kept(126), cut.kept(3), cut.kept(1)), (126, 26, 2, 1));
        assert_eq!(
            (cut.frames(300), cut.frames(301), cut.frames(100), cut.frames(20)),
            (60, 61, 30, 20)
        );
        assert_eq!(cut.frames(1_000_000), 3000);
    }

    #[test]
    fn nonsense_is_refused() {
        for (keep, part) in [(0.0, 0.2), (1.1, 0.2), (0.2, 0.0), (f64::NAN, 0.2)] {
            assert!(Pruning::two_stage(keep, part).check().is_err());
        }
        assert!(Pruning::Static { every: 0, cut: 1 }.check().is_err());
        assert!(Pruning::Adaptive { every: 1, eta: f64::NAN }.check().is_err());
        Pruning::cascade(0.2, 0.6).check().unwrap();
    }
}
