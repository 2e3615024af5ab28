//! The XML of SESTools: `entity`, `aspect`, `multiAspect`, `specialization` and `var`.
//!
//! A document type definition is refused, so nothing is ever expanded.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::error::SesError;
use crate::model::{
    Aspect, Attribute, Entity, Given, Id, Kind, Origin, Repeat, Ses, index_attribute,
};
use crate::place::Place;
use crate::script::Code;

/// Reads a file of SESTools.
///
/// # Errors
/// [`SesError::Syntax`] with line and column.
pub fn read(text: &str) -> Result<Ses, SesError> {
    let mut ses = Ses { origin: Origin::Sestools, ..Ses::default() };
    let mut reader = Reader::from_str(text);
    // Open elements: the node, or none for a variable.
    let mut open: Vec<Option<Id>> = Vec::new();
    let mut lines = Lines { text, at: 0, line: 1, start: 0 };
    loop {
        let from = reader.buffer_position() as usize;
        let event = reader.read_event();
        let place = lines.place(from);
        let fault = |what: String| SesError::Syntax { place, what };
        match event.map_err(|error| fault(format!("no XML: {error}")))? {
            Event::Start(element) => {
                let id = start(&mut ses, &element, &open, place)?;
                open.push(id);
            }
            Event::Empty(element) => {
                start(&mut ses, &element, &open, place)?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::DocType(_) => {
                return Err(SesError::DocumentType { place });
            }
            Event::Text(words) => {
                let words: &str = &words;
                if !words.trim().is_empty() {
                    return Err(fault("words between the elements".into()));
                }
            }
            Event::GeneralRef(_) | Event::CData(_) => {
                return Err(fault("words between the elements".into()));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        let what = "an element is never closed".to_owned();
        return Err(SesError::Syntax { place: lines.place(text.len()), what });
    }
    if ses.roots.len() != 1 {
        let what = format!("there are {} root entities, and must be one", ses.roots.len());
        return Err(SesError::Syntax { place: Place::text(1, 1), what });
    }
    ses.name = ses.node(ses.root()).name.to_string();
    Ok(ses)
}

/// Lines and columns of bytes that only go forward.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    start: usize,
}

impl Lines<'_> {
    fn place(&mut self, at: usize) -> Place {
        let at = at.min(self.text.len());
        // A run of white space before an element belongs to what is read with it.
        let bytes = &self.text.as_bytes()[self.at.min(at)..at];
        for (offset, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.start = self.at + offset + 1;
            }
        }
        self.at = self.at.max(at);
        Place::text(self.line, (at - self.start.min(at)) as u32 + 1)
    }
}

fn start(
    ses: &mut Ses,
    element: &BytesStart<'_>,
    open: &[Option<Id>],
    place: Place,
) -> Result<Option<Id>, SesError> {
    let fault = |what: String| SesError::Syntax { place, what };
    let mut given: Vec<(String, String)> = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| fault(format!("no XML: {error}")))?;
        let key = attribute.key.as_ref().to_owned();
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| fault(format!("the value of {key}: {error}")))?;
        given.push((key, value.into_owned()));
    }
    let find = |name: &str| given.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
    let tag = element.local_name().as_ref().to_owned();
    if open.is_empty() && tag != "entity" {
        let what = format!("a file of SESTools begins with <entity name=...>, not with <{tag}>");
        return Err(fault(what));
    }
    let name = find("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| fault(format!("{tag} has no name")))?;
    let parent = match open.last() {
        None => None,
        Some(Some(id)) => Some(*id),
        Some(None) => return Err(fault("a variable holds nothing".into())),
    };
    let kind = match tag.as_str() {
        "entity" => {
            let mut entity = Entity { copies: find("ref").map(Into::into), ..Entity::default() };
            if parent.is_some_and(|id| matches!(ses.node(id).kind, Kind::Multi(..))) {
                entity.attributes.push(index_attribute(name));
            }
            Kind::Entity(entity)
        }
        "aspect" => Kind::Aspect(Aspect::default()),
        "multiAspect" => Kind::Multi(Aspect::default(), Repeat::default()),
        "specialization" => Kind::Spec,
        "var" => {
            let code = |text: &str| Code::read(text, place).ok();
            let range = find("lower").and_then(code).zip(find("upper").and_then(code));
            let default = find("default").map(|text| Given::Literal(text.into()));
            let attribute = Attribute {
                name: name.into(),
                value: default.unwrap_or(Given::Open),
                class: find("type").map(str::to_owned),
                range,
                comment: String::new(),
                place,
            };
            let id = parent.ok_or_else(|| fault("a variable outside of entities".into()))?;
            let Kind::Entity(entity) = &mut ses.nodes[id as usize].kind else {
                return Err(fault("a variable stands in an entity".into()));
            };
            entity.attributes.push(attribute);
            return Ok(None);
        }
        other => return Err(fault(format!("{other} is no element of a structure"))),
    };
    let id = ses.add(parent, name, place, kind);
    if let Some(constraint) = find("constraint") {
        constraint.clone_into(&mut ses.nodes[id as usize].comment);
    }
    Ok(Some(id))
}

/// Writes a structure as XML, and says what had no place in it.
pub fn write(ses: &Ses) -> (String, Vec<String>) {
    let mut lost: Vec<String> = Vec::new();
    let mut lose = |is: bool, what: &str| {
        if is && !lost.iter().any(|known| known == what) {
            lost.push(what.to_owned());
        }
    };
    lose(!ses.variables.is_empty(), "SES variables");
    lose(!ses.conditions.is_empty(), "semantic conditions");
    lose(!ses.constraints.is_empty(), "constraints");
    lose(!ses.functions.is_empty(), "functions");
    lose(ses.roots.len() > 1, "entities beside the root");
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n");
    let mut open: Vec<(Id, usize, bool)> = vec![(ses.root(), 0, false)];
    while let Some((id, depth, done)) = open.pop() {
        let node = ses.node(id);
        let tag = match &node.kind {
            Kind::Entity(_) => "entity",
            Kind::Aspect(_) => "aspect",
            Kind::Multi(..) => "multiAspect",
            Kind::Spec => "specialization",
        };
        let indent = "  ".repeat(depth.min(40));
        if done {
            let _ = writeln!(text, "{indent}</{tag}>");
            continue;
        }
        let _ = write!(text, "{indent}<{tag} name=\"{}\"", escaped(&node.name));
        if depth == 0 {
            text.push_str(
                " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"ses.xsd\"",
            );
        }
        lose(node.rule.is_some(), "rules");
        match &node.kind {
            Kind::Entity(entity) => {
                if let Some(target) = &entity.copies {
                    let _ = write!(text, " ref=\"{}\"", escaped(target));
                }
                lose(entity.delayed, "delays");
                lose(!entity.ports.is_empty(), "ports");
                text.push_str(">\n");
                for attribute in entity.attributes.iter().filter(|a| !a.name.starts_with('_')) {
                    let _ = write!(text, "{indent}  <var name=\"{}\"", escaped(&attribute.name));
                    if let Some(class) = &attribute.class {
                        let _ = write!(text, " type=\"{}\"", escaped(class));
                    }
                    match &attribute.value {
                        Given::Literal(value) => {
                            let _ = write!(text, " default=\"{}\"", escaped(value));
                        }
                        Given::Computed(_) => lose(true, "computed values"),
                        Given::Open => {}
                    }
                    if let Some((low, high)) = &attribute.range {
                        let (low, high) = (escaped(&low.text), escaped(&high.text));
                        let _ = write!(text, " lower=\"{low}\" upper=\"{high}\"");
                    }
                    text.push_str("/>\n");
                }
            }
            Kind::Aspect(aspect) | Kind::Multi(aspect, _) => {
                let coupled = !aspect.couplings.is_empty() || !aspect.computed.is_empty();
                lose(coupled, "couplings");
                lose(aspect.priority.is_some(), "priorities");
                if let Kind::Multi(_, repeat) = &node.kind {
                    lose(repeat.count.is_some(), "numbers of repetitions");
                    if !node.comment.is_empty() {
                        let _ = write!(text, " constraint=\"{}\"", escaped(&node.comment));
                    }
                }
                text.push_str(">\n");
            }
            Kind::Spec => text.push_str(">\n"),
        }
        open.push((id, depth, true));
        open.extend(node.children.iter().rev().map(|child| (*child, depth + 1, false)));
    }
    (text, lost)
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
