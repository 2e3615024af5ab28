//! Stones as charges: the potential of each point, its absolute value, its gradient.
//!
//! `phi(p) = sum over stones s != p of c(s) K(d(p, s))` with c = +1 for black and -1 for white,
//! `psi` the same without signs. A stone that is played or captured adds or takes one table, so a
//! [`Field`] follows a game at the cost of one pass over the board a stone.
//!
//! After Oshima and So, 2021, "Potential-model pruning in Monte-Carlo Go", details reconstructed:
//! the potential function, the distance, the edge and the gradient are not in the abstract.

mod kernel;

use crate::board::{Board, Color};
use crate::error::GoError;
pub use kernel::Kernel;

/// What the edge does: charges mirrored at the border, half a point outside of the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Edge {
    /// Nothing.
    #[default]
    Open,
    /// Mirror stones of the same color.
    Same,
    /// Mirror stones of the other color.
    Opposite,
}

impl Edge {
    fn sign(self) -> f32 {
        match self {
            Self::Open => 0.0,
            Self::Same => 1.0,
            Self::Opposite => -1.0,
        }
    }
}

/// The field of each stone on each point; worked out once for a size.
#[derive(Clone, Debug, PartialEq)]
pub struct Charges {
    /// Points on a side.
    pub size: usize,
    /// Of shape `[points, points]`: row s is the field of a black stone at s.
    rows: Vec<f32>,
    /// The same without signs: mirror charges add whatever their color.
    absolute: Vec<f32>,
}

impl Charges {
    /// The fields on a board of this size.
    ///
    /// # Errors
    /// [`GoError::Size`], or [`GoError::Option`] for a kernel that makes no sense.
    pub fn new(size: usize, kernel: Kernel, edge: Edge) -> Result<Self, GoError> {
        let points = Board::new(size)?.size().pow(2);
        kernel.check()?;
        let reach = 2 * size;
        let table = kernel.table(reach);
        let field = |dx: usize, dy: usize| table[dy * (reach + 1) + dx];
        let mut rows = Vec::with_capacity(points * points);
        let mut absolute = Vec::with_capacity(points * points);
        for stone in 0..points {
            let (sx, sy) = (stone % size, stone / size);
            for point in 0..points {
                let (x, y) = (point % size, point / size);
                let own = field(x.abs_diff(sx), y.abs_diff(sy));
                let mirrored = field(x + sx + 1, y.abs_diff(sy))
                    + field(2 * size - 1 - x - sx, y.abs_diff(sy))
                    + field(x.abs_diff(sx), y + sy + 1)
                    + field(x.abs_diff(sx), 2 * size - 1 - y - sy);
                rows.push(own + edge.sign() * mirrored);
                absolute.push(own + edge.sign().abs() * mirrored);
            }
        }
        Ok(Self { size, rows, absolute })
    }
}

/// Potential and density of a position, row by row from the top left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Signed: black's stones add, white's subtract.
    pub potential: Vec<f32>,
    /// Unsigned: every stone adds.
    pub density: Vec<f32>,
    stones: Vec<Option<Color>>,
}

impl Field {
    /// The field of a position.
    pub fn new(charges: &Charges, board: &Board) -> Self {
        let mut field = Self::default();
        field.clear(charges);
        field.follow(charges, board);
        field
    }

    /// The field of no stones.
    fn clear(&mut self, charges: &Charges) {
        let points = charges.size * charges.size;
        self.potential = vec![0.0; points];
        self.density = vec![0.0; points];
        self.stones = vec![None; points];
    }

    /// Brings the field up to a position: stones that came are added, stones that went are taken
    /// away. One pass over the board for each of them.
    ///
    /// # Panics
    /// When the sizes of charges and board differ.
    pub fn follow(&mut self, charges: &Charges, board: &Board) {
        assert_eq!(charges.size, board.size(), "charges of another size");
        if self.stones.len() != charges.size * charges.size {
            self.clear(charges);
        }
        for (number, point) in board.points().enumerate() {
            let now = board.at(point);
            if now == self.stones[number] {
                continue;
            }
            if let Some(color) = self.stones[number] {
                self.add(charges, number, color, -1.0);
            }
            if let Some(color) = now {
                self.add(charges, number, color, 1.0);
            }
            self.stones[number] = now;
        }
    }

    fn add(&mut self, charges: &Charges, stone: usize, color: Color, times: f32) {
        let points = self.potential.len();
        let row = stone * points..(stone + 1) * points;
        let signed = times * color.sign();
        for (value, field) in self.potential.iter_mut().zip(&charges.rows[row.clone()]) {
            *value += signed * field;
        }
        for (value, field) in self.density.iter_mut().zip(&charges.absolute[row]) {
            *value += times * field;
        }
    }

    /// The length of the gradient of the potential: central differences, one-sided at edges.
    pub fn gradient(&self) -> Vec<f32> {
        gradient(&self.potential)
    }
}

/// The length of the gradient of values on a square board, row by row.
pub fn gradient(values: &[f32]) -> Vec<f32> {
    slopes(values).into_iter().map(|[right, down]| right.hypot(down)).collect()
}

/// The gradient of values on a square board, row by row, as `[right, down]`.
pub fn slopes(values: &[f32]) -> Vec<[f32; 2]> {
    let size = values.len().isqrt();
    let slope = |at: usize, place: usize, step: usize| {
        let (before, after) = (usize::from(place > 0), usize::from(place + 1 < size));
        let rise = values[at + after * step] - values[at - before * step];
        rise / (before + after).max(1) as f32
    };
    let both = |at: usize| [slope(at, at % size, 1), slope(at, at / size, size)];
    (0..values.len()).map(both).collect()
}
