//! Patterns of 3 x 3 whose middle is worth playing.
//!
//! Source: S. Gelly, Y. Wang, R. Munos, O. Teytaud, 2006, "Modification of UCT with patterns in
//! Monte-Carlo Go", figures 4 to 6; the selection of thirteen is that of michi (P. Baudis, 2015).

use std::sync::LazyLock;

use crate::board::Board;

/// Rows from the top: X and O the two colors, x not X, o not O, a space the border.
const SHAPES: [&str; 13] = [
    "XOX...???", // hane that encloses
    "XO....?.?", // hane that does not cut
    "XO?X..x.?", // magari
    ".O.X.....", // katatsuke
    "XO?O.o?o?", // cut that is not protected
    "XO?O.X???", // cut that is peeped at
    "?X?O.Oooo", // cut between two
    "OX?o.O???", // cut of a keima
    "X.?O.?   ", // chase on the side
    "OX?X.O   ", // block of a cut on the side
    "?X?x.O   ", // block of a connection on the side
    "?XOx.x   ", // sagari on the side
    "?OXX.O   ", // cut on the side
];

/// One bit for each arrangement of eight neighbors of four states.
static TABLE: LazyLock<Vec<u64>> = LazyLock::new(table);

fn table() -> Vec<u64> {
    let mut bits = vec![0; 1024];
    for shape in SHAPES {
        let shape = shape.as_bytes();
        for symmetry in 0..8 {
            for swap in [false, true] {
                mark(&mut bits, &turned(shape, symmetry), swap);
            }
        }
    }
    bits
}

fn turned(shape: &[u8], symmetry: usize) -> Vec<u8> {
    let at = |x: usize, y: usize| {
        let (mut x, mut y) = if symmetry & 4 == 4 { (y, x) } else { (x, y) };
        if symmetry & 1 == 1 {
            x = 2 - x;
        }
        if symmetry & 2 == 2 {
            y = 2 - y;
        }
        shape[3 * y + x]
    };
    (0..9).map(|cell| at(cell % 3, cell / 3)).collect()
}

/// Sets the bit of every arrangement that a shape allows.
fn mark(bits: &mut [u64], shape: &[u8], swap: bool) {
    let (x, o) = if swap { (2, 1) } else { (1, 2) };
    let mut codes = vec![0_usize];
    let around = [0, 1, 2, 3, 5, 6, 7, 8];
    for (place, cell) in around.into_iter().enumerate() {
        let states: Vec<usize> = match shape[cell] {
            b'X' => vec![x],
            b'O' => vec![o],
            b'.' => vec![0],
            b'x' => vec![0, o],
            b'o' => vec![0, x],
            b' ' => vec![3],
            _ => vec![0, 1, 2, 3],
        };
        let longer = |code: usize| states.iter().map(move |state| code | state << (2 * place));
        codes = codes.into_iter().flat_map(longer).collect();
    }
    for code in codes {
        bits[code / 64] |= 1 << (code % 64);
    }
}

/// The table; to be fetched once a playout.
pub(crate) fn known() -> &'static [u64] {
    &TABLE
}

/// Whether the surroundings of an empty cell are one of the shapes, for either color.
#[inline]
pub(crate) fn matches(table: &[u64], board: &Board, cell: usize) -> bool {
    let s = board.stride();
    let state = |cell: usize| usize::from(board.state(cell));
    let code = state(cell - s - 1)
        | state(cell - s) << 2
        | state(cell - s + 1) << 4
        | state(cell - 1) << 6
        | state(cell + 1) << 8
        | state(cell + s - 1) << 10
        | state(cell + s) << 12
        | state(cell + s + 1) << 14;
    table[code / 64] >> (code % 64) & 1 == 1
}
