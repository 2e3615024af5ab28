//! The family that a structure stands for: how many members it has, and each by its number.
//!
//! A member is one way to take all decisions: a child in every specialization, one of the
//! aspects, a number of repetitions where it is open. Rules do not count here, they only say
//! which member a setting of the variables selects. With the tables of the closed form a number
//! is turned into its member, so listing and drawing members at random is the same thing.
//!
//! ```text
//! members(entity)  = sum over choices in its specializations of
//!                    ( sum over the aspects that are then there of members(aspect); 1 without )
//! members(aspect)  = product over its children
//! members(multi)   = members(child) to the power of the repetitions, summed over open numbers
//! members(ref)     = members of what it copies, one level deeper; none past the depth
//! ```

mod tables;
mod unrank;

use num_bigint::BigUint;
use secateur_core::Random;

use crate::check;
use crate::error::SesError;
use crate::model::{Kind, Ses};
use crate::prune::{Request, bind, prune};
use tables::Tables;

/// Members that are tried one by one when constraints leave out some of them.
pub const TRIED_MAX: u64 = 100_000;

/// Members that are listed or drawn at once.
pub const LISTED_MAX: usize = 1_000_000;
/// Choices of all members that are listed or drawn at once.
const CHOICES_MAX: usize = 5_000_000;

/// A family, ready to be counted and listed.
#[derive(Debug)]
pub struct Family<'a> {
    ses: &'a Ses,
    tables: Tables<'a>,
    request: Request,
}

/// A member: the choices that select it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, from 0.
    pub number: BigUint,
    /// Choices as `--choose` takes them.
    pub choices: Vec<String>,
}

impl<'a> Family<'a> {
    /// The family of a structure for values of its variables and a depth of copies.
    ///
    /// # Errors
    /// [`SesError`] for a broken structure, for conditions that do not hold, and for a number
    /// of repetitions that is open without bounds.
    pub fn new(ses: &'a Ses, request: &Request) -> Result<Self, SesError> {
        if let Some(fault) = check::blocking(ses) {
            return Err(fault);
        }
        let (globals, _) = bind(ses, &request.variables)?;
        let tables = Tables::new(ses, globals, request.depth)?;
        Ok(Self { ses, tables, request: request.clone() })
    }

    /// How many members there are, before rules and constraints.
    pub fn count(&self) -> &BigUint {
        &self.tables.total
    }

    /// Whether every member will do: there are no constraints, and no choices are asked for.
    pub fn is_free(&self) -> bool {
        self.ses.constraints.is_empty() && self.request.choices.choices.is_empty()
    }

    /// How many members keep the constraints and the choices of the request; absent when there are too many to try each.
    ///
    /// # Errors
    /// Those of [`Self::member`].
    pub fn allowed(&self) -> Result<Option<u64>, SesError> {
        if self.is_free() {
            return Ok(u64::try_from(self.count()).ok());
        }
        let Some(count) = u64::try_from(self.count()).ok().filter(|count| *count <= TRIED_MAX)
        else {
            return Ok(None);
        };
        let mut allowed = 0;
        for number in 0..count {
            allowed += u64::from(self.keeps(&self.member(&BigUint::from(number))?)?);
        }
        Ok(Some(allowed))
    }

    /// The member of a number.
    ///
    /// # Errors
    /// [`SesError::TooLarge`] when it has too many decisions to list.
    ///
    /// # Panics
    /// When the number is not below the count.
    pub fn member(&self, number: &BigUint) -> Result<Member, SesError> {
        assert!(number < self.count(), "members are numbered below their count");
        unrank::member(&self.tables, number)
    }

    /// The first members that keep the constraints and the choices of the request, and whether there may be more.
    ///
    /// # Errors
    /// Those of [`Self::member`]; [`SesError::Listing`] for more than can be held.
    pub fn first(&self, limit: usize) -> Result<(Vec<Member>, bool), SesError> {
        let mut members = Vec::new();
        if limit > LISTED_MAX && *self.count() > BigUint::from(LISTED_MAX) {
            return Err(too_many());
        }
        let mut choices = 0;
        for number in 0..TRIED_MAX.max(limit as u64) {
            let number = BigUint::from(number);
            if number >= *self.count() {
                return Ok((members, false));
            }
            if members.len() == limit {
                return Ok((members, true));
            }
            let member = self.member(&number)?;
            if self.keeps(&member)? {
                add(&mut members, member, &mut choices)?;
            }
        }
        Ok((members, true))
    }

    /// Members drawn at random, each with the same chance, with repetition.
    ///
    /// # Errors
    /// Those of [`Self::member`]; [`SesError::Listing`] when constraints leave too few, and for more
    /// than can be held.
    pub fn sample(&self, draws: usize, seed: u64) -> Result<Vec<Member>, SesError> {
        if draws > LISTED_MAX {
            return Err(too_many());
        }
        let mut choices = 0;
        let mut random = Random::new(seed);
        let mut members = Vec::new();
        let mut tries = 0;
        while members.len() < draws {
            let member = self.member(&below(&mut random, self.count()))?;
            if self.keeps(&member)? {
                add(&mut members, member, &mut choices)?;
                continue;
            }
            tries += 1;
            if tries > TRIED_MAX {
                let what = "draws that break constraints";
                return Err(SesError::Listing { what, most: TRIED_MAX });
            }
        }
        Ok(members)
    }

    /// The request that prunes to a member.
    ///
    /// # Errors
    /// [`SesError::Choice`] when a name cannot stand in a path.
    pub fn request(&self, member: &Member) -> Result<Request, SesError> {
        // Those of the member are the more exact ones, and so those that count.
        let mut choices = self.request.choices.clone();
        for choice in &member.choices {
            choices.choose(choice)?;
        }
        Ok(Request { choices, ..self.request.clone() })
    }

    fn keeps(&self, member: &Member) -> Result<bool, SesError> {
        if !self.has_choices(member) {
            return Ok(false);
        }
        if self.ses.constraints.is_empty() {
            return Ok(true);
        }
        match prune(self.ses, &self.request(member)?) {
            Ok(_) => Ok(true),
            Err(SesError::Constraint { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

impl Family<'_> {
    /// Whether a member has what the choices of the request ask for, wherever they speak of one
    /// of its decisions.
    fn has_choices(&self, member: &Member) -> bool {
        let wanted = &self.request.choices;
        wanted.choices.is_empty()
            || member.choices.iter().all(|choice| {
                let (place, child) = choice.rsplit_once('=').unwrap_or((choice, ""));
                let (path, point) = place.rsplit_once('/').unwrap_or(("", place));
                let spoken = wanted.wanted_at(path, point, |child| self.is_at(point, child));
                spoken.is_none_or(|wanted| wanted == child)
            })
    }

    /// Whether something of this name can be taken at a decision.
    fn is_at(&self, point: &str, child: &str) -> bool {
        let nodes = &self.ses.nodes;
        let named = |kind: fn(&Kind) -> bool, name: &str| {
            nodes
                .iter()
                .filter(move |node| kind(&node.kind) && *node.name == *name)
                .collect::<Vec<_>>()
        };
        let specs = named(|kind| matches!(kind, Kind::Spec), point);
        if specs.is_empty() {
            let aspect = |kind: &Kind| matches!(kind, Kind::Aspect(_) | Kind::Multi(..));
            return child.bytes().all(|b| b.is_ascii_digit()) || !named(aspect, child).is_empty();
        }
        let mut children = specs.into_iter().flat_map(|spec| &spec.children);
        children.any(|id| *self.ses.node(*id).name == *child)
    }
}

fn too_many() -> SesError {
    SesError::Listing { what: "members to list", most: LISTED_MAX as u64 }
}

/// Adds a member unless all choices together are more than can be held.
fn add(members: &mut Vec<Member>, member: Member, choices: &mut usize) -> Result<(), SesError> {
    *choices += member.choices.len();
    if *choices > CHOICES_MAX {
        return Err(SesError::Listing { what: "choices to list", most: CHOICES_MAX as u64 });
    }
    members.push(member);
    Ok(())
}

/// A number below another, each with the same chance.
fn below(random: &mut Random, limit: &BigUint) -> BigUint {
    let bits = limit.bits();
    loop {
        let words = bits.div_ceil(64) as usize;
        let mut digits: Vec<u32> = (0..words)
            .flat_map(|_| {
                let word = random.bits();
                [word as u32, (word >> 32) as u32]
            })
            .collect();
        let spare = words as u64 * 64 - bits;
        for bit in 0..spare {
            let at = words as u64 * 64 - 1 - bit;
            digits[(at / 32) as usize] &= !(1 << (at % 32));
        }
        let number = BigUint::new(digits);
        if number < *limit {
            return number;
        }
    }
}
