//! A small game: the owner of a space full of holes attacks the chains around it.

use std::collections::HashMap;

/// A few points and what lies around them; a point is a bit.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// Points beside each point.
    pub(super) beside: Vec<u8>,
    /// Points beside each chain of the rival around the space.
    pub(super) around: Vec<u8>,
}

/// Where stones are, and the point that ko forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stones {
    pub(super) owner: u8,
    pub(super) rival: u8,
    pub(super) ko: u8,
}

/// Results so far, by the stones and whether the owner is to play.
type Known = HashMap<(Stones, bool), bool>;

impl Space {
    /// Whether the owner, who plays first, cannot capture a chain around the space.
    pub(super) fn survives(&self, owner: u8) -> bool {
        let stones = Stones { owner, rival: 0, ko: 0 };
        let empty = self.all() & !owner;
        let can_breathe = self.around.iter().all(|beside| beside & empty != 0);
        can_breathe && self.search(stones, true, &mut Known::new())
    }

    fn all(&self) -> u8 {
        ((1_u32 << self.beside.len()) - 1) as u8
    }

    /// A position that is being searched counts as survived, so that no attack rests on a
    /// repetition.
    fn search(&self, stones: Stones, is_owner: bool, known: &mut Known) -> bool {
        if let Some(result) = known.get(&(stones, is_owner)) {
            return *result;
        }
        known.insert((stones, is_owner), true);
        let mut moves = (0..self.beside.len()).map(|at| 1 << at);
        let result = if is_owner {
            // When the owner passes the rival does so too, and has survived.
            moves.all(|point| match self.owner_plays(stones, point) {
                Move::Illegal => true,
                Move::Played(after) => self.search(after, false, known),
                Move::Captured => false,
            })
        } else {
            self.search(Stones { ko: 0, ..stones }, true, known)
                || moves.any(|point| match self.rival_plays(stones, point) {
                    Move::Played(after) => self.search(after, true, known),
                    Move::Illegal | Move::Captured => false,
                })
        };
        known.insert((stones, is_owner), result);
        result
    }

    fn owner_plays(&self, stones: Stones, point: u8) -> Move {
        if (stones.owner | stones.rival | stones.ko) & point != 0 {
            return Move::Illegal;
        }
        let owner = stones.owner | point;
        let empty = self.all() & !owner & !stones.rival;
        let is_taken = |beside: &u8| self.rival_chain(*beside, stones.rival).1 & empty == 0;
        if self.around.iter().any(is_taken) {
            return Move::Captured;
        }
        let mut taken = 0;
        for at in bits(stones.rival) {
            let (chain, liberties) = self.rival_chain(at, stones.rival);
            if liberties & empty == 0 {
                taken |= chain;
            }
        }
        let rival = stones.rival & !taken;
        let (chain, liberties) = self.owner_chain(point, owner);
        let liberties = liberties & self.all() & !owner & !rival;
        if liberties == 0 {
            return Move::Illegal;
        }
        let is_ko = taken.is_power_of_two() && chain == point && liberties == taken;
        Move::Played(Stones { owner, rival, ko: if is_ko { taken } else { 0 } })
    }

    fn rival_plays(&self, stones: Stones, point: u8) -> Move {
        if (stones.owner | stones.rival | stones.ko) & point != 0 {
            return Move::Illegal;
        }
        let rival = stones.rival | point;
        let empty = self.all() & !rival & !stones.owner;
        let mut taken = 0;
        for at in bits(stones.owner) {
            let (chain, liberties) = self.owner_chain(at, stones.owner);
            if liberties & empty == 0 {
                taken |= chain;
            }
        }
        let owner = stones.owner & !taken;
        let (chain, liberties) = self.rival_chain(point, rival);
        let liberties = liberties & self.all() & !rival & !owner;
        if liberties == 0 {
            return Move::Illegal;
        }
        let is_alone = chain == point && self.around.iter().all(|beside| beside & point == 0);
        let is_ko = taken.is_power_of_two() && is_alone && liberties == taken;
        Move::Played(Stones { owner, rival, ko: if is_ko { taken } else { 0 } })
    }

    fn near(&self, points: u8) -> u8 {
        bits(points).fold(0, |near, point| near | self.beside[point.trailing_zeros() as usize])
    }

    /// The owner's chain of a stone, and what is beside it.
    fn owner_chain(&self, stone: u8, owner: u8) -> (u8, u8) {
        let mut chain = stone;
        loop {
            let near = self.near(chain);
            if near & owner & !chain == 0 {
                return (chain, near);
            }
            chain |= near & owner;
        }
    }

    /// The rival's stones in the space that hang together with what touches these points, over
    /// chains around it too, and what is beside them.
    fn rival_chain(&self, points: u8, rival: u8) -> (u8, u8) {
        let mut chain = points & rival;
        let mut near = points;
        loop {
            let mut more = near | self.near(chain);
            for beside in &self.around {
                if beside & chain != 0 {
                    more |= beside;
                }
            }
            let larger = chain | (more & rival);
            if larger == chain && more == near {
                return (chain, near);
            }
            (chain, near) = (larger, more);
        }
    }
}

/// What a move does.
enum Move {
    Illegal,
    Played(Stones),
    /// It captures a chain around the space.
    Captured,
}

fn bits(points: u8) -> impl Iterator<Item = u8> {
    (0..8).map(|at| 1 << at).filter(move |point| points & point != 0)
}
