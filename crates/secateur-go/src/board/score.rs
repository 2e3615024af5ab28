//! Who owns what at the end.

use super::{BORDER, Board, CELLS, Color, EMPTY, Point};

/// How points are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scoring {
    /// Stones and the empty points that only they reach.
    #[default]
    Area,
    /// Empty points that only one color reaches, dead stones there twice, and prisoners.
    Territory,
}

/// Points of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Area {
    /// Of black.
    pub black: i32,
    /// Of white.
    pub white: i32,
    /// Empty points that both reach, or neither.
    pub neutral: i32,
}

impl Area {
    /// Black's lead after komi.
    pub fn lead(&self, komi: f32) -> f32 {
        (self.black - self.white) as f32 - komi
    }
}

impl Board {
    /// Who owns each cell when all stones are alive: the stone, or the color that alone reaches
    /// the empty region. `None` for neutral points.
    pub fn owners(&self) -> Vec<Option<Color>> {
        let mut owner = [None; CELLS];
        let mut visited = [false; CELLS];
        let mut region = Vec::new();
        for point in self.points() {
            let first = usize::from(point.0);
            if let Some(color) = self.at(point) {
                owner[first] = Some(color);
                continue;
            }
            if visited[first] {
                continue;
            }
            visited[first] = true;
            region.clear();
            region.push(first);
            let mut reached = [false; 4];
            let mut at = 0;
            while at < region.len() {
                for beside in self.beside(region[at]) {
                    let state = self.state(beside);
                    if state != EMPTY {
                        reached[usize::from(state)] = true;
                    } else if !visited[beside] {
                        visited[beside] = true;
                        region.push(beside);
                    }
                }
                at += 1;
            }
            let whose = match (reached[1], reached[2]) {
                (true, false) => Some(Color::Black),
                (false, true) => Some(Color::White),
                _ => None,
            };
            for cell in &region {
                owner[*cell] = whose;
            }
        }
        self.points().map(|point| owner[usize::from(point.0)]).collect()
    }

    /// Area of each side when all stones are alive.
    pub fn area(&self) -> Area {
        let mut area = Area::default();
        for owner in self.owners() {
            match owner {
                Some(Color::Black) => area.black += 1,
                Some(Color::White) => area.white += 1,
                None => area.neutral += 1,
            }
        }
        area
    }

    /// Points of each side when these stones are dead. Territory counts the prisoners since the
    /// board was new.
    pub fn points_without(&self, dead: &[Point], scoring: Scoring) -> Area {
        let mut board = self.clone();
        for point in dead {
            board.take_off(*point);
        }
        let area = board.area();
        match scoring {
            Scoring::Area => area,
            Scoring::Territory => Area {
                black: area.black - board.stones(Color::Black) as i32
                    + board.captured(Color::White) as i32,
                white: area.white - board.stones(Color::White) as i32
                    + board.captured(Color::Black) as i32,
                neutral: area.neutral,
            },
        }
    }

    /// The same when some stones live in a seki: as territory, empty regions beside these count
    /// for nobody.
    pub fn points_at_end(&self, dead: &[Point], seki: &[Point], scoring: Scoring) -> Area {
        let mut points = self.points_without(dead, scoring);
        if scoring == Scoring::Area || seki.is_empty() {
            return points;
        }
        let mut board = self.clone();
        for point in dead {
            board.take_off(*point);
        }
        let mut left: Vec<Point> = seki.iter().flat_map(|point| board.neighbors(*point)).collect();
        let owners = board.owners();
        let mut is_done = [false; CELLS];
        while let Some(point) = left.pop() {
            let cell = usize::from(point.0);
            if board.state(cell) != EMPTY || is_done[cell] {
                continue;
            }
            is_done[cell] = true;
            left.extend(board.neighbors(point));
            match point.number(board.size()).and_then(|number| owners[number]) {
                Some(Color::Black) => points.black -= 1,
                Some(Color::White) => points.white -= 1,
                None => continue,
            }
            points.neutral += 1;
        }
        points
    }

    /// Area at the end of a playout, where each empty point is an eye: stones and eyes; black's
    /// minus white's.
    #[inline]
    pub(crate) fn lead_of_eyes(&self) -> i32 {
        let mut lead = self.stones(Color::Black) as i32 - self.stones(Color::White) as i32;
        for &cell in self.empties() {
            let cell = usize::from(cell);
            lead += i32::from(self.is_walled(cell, Color::Black));
            lead -= i32::from(self.is_walled(cell, Color::White));
        }
        lead
    }

    /// Whether an empty cell is an eye of a color that a sane player never fills: own stones
    /// beside it, and fewer than two corners lost (one where there is a border).
    #[inline]
    pub(crate) fn is_eye(&self, cell: usize, color: Color) -> bool {
        if !self.is_walled(cell, color) {
            return false;
        }
        let mut lost = 0;
        let mut border = 0;
        for corner in self.corners(cell) {
            let state = self.state(corner);
            lost += u32::from(state == color.other().state());
            border |= u32::from(state == BORDER);
        }
        lost + border < 2
    }
}
