//! Chains that live without two eyes: in a seki.
//!
//! When dead stones are gone, chains of a color that share an empty region of their own are one
//! group. A group that touches points which both colors reach, has small regions only, and could
//! be captured by moves in a row, lives only because nobody can play there. The same must hold for a
//! group of the opponent at these points; else they are points that were never filled.

use crate::board::{Board, Color, Point, uncapturable};

/// Most points of a region that is at most one eye.
const EYE_MAX: usize = 2;

/// Chains that a color's own regions hold together.
struct Group {
    color: Color,
    regions: Vec<usize>,
    open: Vec<Point>,
    stones: Vec<Point>,
}

/// Stones in a seki once dead ones are taken off, row by row.
pub(super) fn seki(board: &Board, dead: &[Point]) -> Vec<Point> {
    let mut clean = board.clone();
    for point in dead {
        clean.take_off(*point);
    }
    let groups = groups_of(&clean);
    let safe = Color::BOTH.map(|color| uncapturable(&clean, color));
    let is_safe = |point: &Point| {
        let number = point.number(clean.size());
        number.is_some_and(|number| safe.iter().any(|safe| safe[number]))
    };
    let lacks_eyes = |group: &&Group| {
        let is_small = group.regions.iter().all(|size| *size <= EYE_MAX);
        is_small && !group.open.is_empty() && !group.stones.iter().any(is_safe)
    };
    let weak: Vec<&Group> = groups.iter().filter(lacks_eyes).collect();
    let faces = |group: &Group, other: &Group| {
        group.color != other.color && group.open.iter().any(|point| other.open.contains(point))
    };
    let mut stones: Vec<Point> = weak
        .iter()
        .filter(|group| weak.iter().any(|other| faces(group, other)))
        .flat_map(|group| group.stones.iter().copied())
        .collect();
    stones.sort_unstable();
    stones
}

fn groups_of(clean: &Board) -> Vec<Group> {
    let size = clean.size();
    let owners = clean.owners();
    let is_own = |point: Point, color: Color| {
        point.number(size).is_some_and(|number| owners[number] == Some(color))
    };
    let mut is_done = vec![false; size * size];
    let mut groups = Vec::new();
    for point in clean.points() {
        let (Some(color), Some(number)) = (clean.at(point), point.number(size)) else { continue };
        if is_done[number] {
            continue;
        }
        is_done[number] = true;
        let mut group = Group { color, regions: Vec::new(), open: Vec::new(), stones: Vec::new() };
        let mut points = vec![point];
        let mut at = 0;
        while at < points.len() {
            let near: Vec<Point> = clean.neighbors(points[at]).collect();
            for beside in near {
                let Some(number) = beside.number(size) else { continue };
                if clean.at(beside).is_none() && owners[number].is_none() {
                    group.open.push(beside);
                } else if is_own(beside, color) && !is_done[number] {
                    is_done[number] = true;
                    points.push(beside);
                }
            }
            at += 1;
        }
        group.regions = region_sizes(clean, &points);
        group.stones = points.into_iter().filter(|point| clean.at(*point).is_some()).collect();
        groups.push(group);
    }
    groups
}

/// Sizes of the connected empty regions among some points.
fn region_sizes(clean: &Board, points: &[Point]) -> Vec<usize> {
    let mut left: Vec<Point> =
        points.iter().copied().filter(|point| clean.at(*point).is_none()).collect();
    let mut sizes = Vec::new();
    while let Some(first) = left.pop() {
        let mut region = vec![first];
        let mut at = 0;
        while at < region.len() {
            for beside in clean.neighbors(region[at]) {
                if let Some(place) = left.iter().position(|point| *point == beside) {
                    region.push(left.swap_remove(place));
                }
            }
            at += 1;
        }
        sizes.push(region.len());
    }
    sizes
}
