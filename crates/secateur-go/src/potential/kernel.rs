//! How the field of one stone falls off.

use crate::error::GoError;

/// Shape of the field of a stone; K(0) is zero, as a stone does not act on its own point.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Kernel {
    /// `1 / d`, d the Euclidean distance.
    #[default]
    Coulomb,
    /// `exp(-d / reach) / d`.
    Yukawa {
        /// Distance at which the field is 1/e of Coulomb's.
        reach: f32,
    },
    /// `exp(-d^2 / (2 width^2))`.
    Gauss {
        /// Standard deviation.
        width: f32,
    },
    /// The integers that four rounds of Zobrist's rule leave around a stone of 50, alone on an
    /// endless board: each point sends its sign to its four neighbors.
    Zobrist,
    /// GNU Go's: 100 at the stone; each point hands a third of its value to its four neighbors
    /// and a sixth to its four corners, times the squared cosine between step and radius, as
    /// whole numbers, within five points of the stone. No barriers.
    Gnugo,
}

impl Kernel {
    /// All kernels with their defaults.
    pub const ALL: [Self; 5] = [
        Self::Coulomb,
        Self::Yukawa { reach: 3.0 },
        Self::Gauss { width: 2.0 },
        Self::Zobrist,
        Self::Gnugo,
    ];

    /// Name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Coulomb => "coulomb",
            Self::Yukawa { .. } => "yukawa",
            Self::Gauss { .. } => "gauss",
            Self::Zobrist => "zobrist",
            Self::Gnugo => "gnugo",
        }
    }

    /// # Errors
    /// [`GoError::Option`] for a reach or width that is not positive.
    pub fn check(&self) -> Result<(), GoError> {
        let (option, value) = match self {
            Self::Yukawa { reach } => ("reach", *reach),
            Self::Gauss { width } => ("width", *width),
            Self::Coulomb | Self::Zobrist | Self::Gnugo => return Ok(()),
        };
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(GoError::Option { option, expected: "a positive number", got: value.to_string() })
    }

    /// The field at all distances up to `reach` columns and rows, of shape `[reach + 1, reach + 1]`.
    pub(crate) fn table(self, reach: usize) -> Vec<f32> {
        let of_distance = |field: &dyn Fn(f32) -> f32| {
            let cells = (0..=reach).flat_map(|y| (0..=reach).map(move |x| x * x + y * y));
            cells.map(|sq| if sq == 0 { 0.0 } else { field((sq as f32).sqrt()) }).collect()
        };
        match self {
            Self::Coulomb => of_distance(&|d| 1.0 / d),
            Self::Yukawa { reach } => of_distance(&|d| (-d / reach).exp() / d),
            Self::Gauss { width } => of_distance(&|d| (-d * d / (2.0 * width * width)).exp()),
            Self::Zobrist => quadrant(&zobrist(), 4, reach),
            Self::Gnugo => quadrant(&gnugo(), 5, reach),
        }
    }
}

/// One quarter of a square map whose middle is at `middle`; zero beyond it.
fn quadrant(map: &[i32], middle: usize, reach: usize) -> Vec<f32> {
    let side = 2 * middle + 1;
    let value = |x: usize, y: usize| match (x, y) {
        (0, 0) => 0.0,
        _ if x > middle || y > middle => 0.0,
        _ => map[(middle + y) * side + middle + x] as f32,
    };
    (0..=reach).flat_map(|y| (0..=reach).map(move |x| value(x, y))).collect()
}

/// Source: A. Zobrist, 1969, "A model of visual organization for the game of Go".
fn zobrist() -> Vec<i32> {
    let mut map = vec![0; 81];
    map[40] = 50;
    for _ in 0..4 {
        let before = map.clone();
        for (at, value) in before.into_iter().enumerate() {
            let (x, y) = (at % 9, at / 9);
            let sign = i32::signum(value);
            let beside = [
                (x > 0).then(|| at - 1),
                (x < 8).then(|| at + 1),
                (y > 0).then(|| at - 9),
                (y < 8).then(|| at + 9),
            ];
            for beside in beside.into_iter().flatten() {
                map[beside] += sign;
            }
        }
    }
    map
}

/// The influence of a stone of 100 on an empty board of 11, from its middle.
///
/// Source: GNU Go 3.8, documentation, chapter "Influence function".
pub(crate) fn gnugo() -> Vec<i32> {
    const MIDDLE: i32 = 5;
    let mut points: Vec<(i32, i32)> =
        (-MIDDLE..=MIDDLE).flat_map(|y| (-MIDDLE..=MIDDLE).map(move |x| (x, y))).collect();
    points.sort_by_key(|(x, y)| x * x + y * y);
    let at = |x: i32, y: i32| ((y + MIDDLE) * 11 + x + MIDDLE) as usize;
    let mut field = vec![0.0_f64; 121];
    field[at(0, 0)] = 100.0;
    for (x, y) in points {
        let here = field[at(x, y)];
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)] {
            let (nx, ny) = (x + dx, y + dy);
            let outward = x * dx + y * dy;
            let is_source = (x, y) == (0, 0);
            if nx.abs() > MIDDLE || ny.abs() > MIDDLE || (outward <= 0 && !is_source) {
                continue;
            }
            let steps = dx * dx + dy * dy;
            let weaker = if steps == 1 { 3.0 } else { 6.0 };
            let cosine_squared = if is_source {
                1.0
            } else {
                f64::from(outward * outward) / f64::from((x * x + y * y) * steps)
            };
            field[at(nx, ny)] += here / weaker * cosine_squared;
        }
    }
    field.into_iter().map(|value| value.floor() as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table printed in GNU Go's manual; the stone itself is 100.
    #[test]
    fn the_kernel_of_gnu_go_is_the_one_in_its_manual() {
        let half = "0 0 0 0 0 0 0 0 0 0 0
            0 0 0 0 1 1 1 0 0 0 0
            0 0 0 1 2 3 2 1 0 0 0
            0 0 1 3 5 11 5 3 1 0 0
            0 1 2 5 16 33 16 5 2 1 0
            0 1 3 11 33 100 33 11 3 1 0";
        let half: Vec<i32> = half.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let got = gnugo();
        assert_eq!(got[..66], half);
        for at in 0..121 {
            assert_eq!(got[at], got[120 - at]);
        }
    }

    #[test]
    fn kernels_are_what_their_formulas_say() {
        let at = |kernel: Kernel, x: usize, y: usize| kernel.table(24)[y * 25 + x];
        assert_eq!(at(Kernel::Coulomb, 3, 4), 0.2);
        assert!((at(Kernel::Yukawa { reach: 3.0 }, 0, 3) - (-1.0_f32).exp() / 3.0).abs() < 1e-7);
        assert!((at(Kernel::Gauss { width: 2.0 }, 2, 0) - (-0.5_f32).exp()).abs() < 1e-7);
        assert!((0..5).all(|k| at(Kernel::ALL[k], 0, 0) == 0.0));
        // By hand: a neighbor gets 1, 1, 4, 4 in the four rounds; (3, 1) gets 2 in the last.
        assert_eq!(at(Kernel::Zobrist, 1, 0), 10.0);
        assert_eq!((at(Kernel::Zobrist, 4, 0), at(Kernel::Zobrist, 5, 0)), (1.0, 0.0));
        assert_eq!(at(Kernel::Zobrist, 3, 1), 2.0);
        assert!(Kernel::Gauss { width: f32::NAN }.check().is_err());
    }
}
