//! Banks: there and back, and what is refused.

use std::path::Path;

use proptest::prelude::*;
use secateur_core::Random;
use secateur_speaker::bank::{Bank, Speaker};
use secateur_speaker::identify::{Settings, identify};
use secateur_speaker::mixture::Packed;
use secateur_speaker::open_set::Thresholds;
use secateur_tensor::Bytes;

use crate::{drawn_frames, drawn_mixture};

const WIDTH: usize = 5;

fn bank(speakers: usize) -> Bank {
    let mut random = Random::new(7);
    let features = serde_json::json!({ "cepstra": 12, "rate": 16000 });
    let mut bank = Bank::new(WIDTH, features).unwrap();
    bank.put_background(&drawn_mixture(&mut random, 7, WIDTH)).unwrap();
    for number in 0..speakers {
        let model = Packed::new(&drawn_mixture(&mut random, 3 + number % 4, WIDTH));
        let name = format!("speaker {number}");
        bank.add(Speaker { name, frames: 100 + number as u64, seconds: 1.5, model }).unwrap();
    }
    bank.thresholds = Some(Thresholds { score: 0.25, margin: 0.5 });
    bank
}

fn read(bytes: Vec<u8>) -> Result<Bank, secateur_speaker::SpeakerError> {
    Bank::of_bytes(&Bytes::owned(bytes), Path::new("people.gmm"))
}

#[test]
fn there_and_back_to_the_same_bytes_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.gmm");
    let made = bank(9);
    made.save(&path).unwrap();
    let opened = Bank::open(&path).unwrap();
    assert_eq!(opened, made);
    assert_eq!(opened.to_bytes(), std::fs::read(&path).unwrap());
    let mut random = Random::new(1);
    let frames = drawn_frames(&mut random, &opened.speakers()[4].model.mixture(), 200);
    let of =
        |bank: &Bank| identify(&bank.roster().unwrap(), &frames, &Settings::default()).unwrap();
    assert_eq!(of(&opened), of(&made));
    assert_eq!(of(&opened).ranking[0], 4);
}

#[test]
fn speakers_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.gmm");
    bank(5).save(&path).unwrap();
    let mut opened = Bank::open(&path).unwrap();
    let gone = opened.remove("speaker 2").unwrap();
    assert_eq!(opened.find("speaker 3").unwrap(), 2);
    let error = opened.find("speaker2").unwrap_err();
    assert!(error.to_string().contains("do you mean speaker"), "{error}");
    // Written over the file that it is mapped from.
    opened.save(&path).unwrap();
    let mut opened = Bank::open(&path).unwrap();
    assert_eq!(opened.speakers().len(), 4);
    opened.add(gone.clone()).unwrap();
    assert_eq!(opened.add(gone).unwrap_err().code(), "SEC-SP-040");
    let named = |name: &str| Speaker { name: name.to_owned(), ..opened.speakers()[0].clone() };
    assert_eq!(opened.clone().add(named("")).unwrap_err().code(), "SEC-SP-034");
    assert!(Bank::new(0, serde_json::Value::Null).is_err());
    let empty = Bank::new(WIDTH, serde_json::Value::Null).unwrap();
    assert_eq!(read(empty.to_bytes()).unwrap(), empty);
    assert_eq!(empty.roster().unwrap_err().code(), "SEC-SP-042");
}

#[test]
fn bad_files_are_refused_by_name() {
    let bytes = bank(3).to_bytes();
    let code = |bytes: Vec<u8>| read(bytes).unwrap_err().code();
    assert_eq!(code(Vec::new()), "SEC-SP-035");
    assert_eq!(code(b"RIFF....WAVE".to_vec()), "SEC-SP-035");
    assert_eq!(code(bytes[..40].to_vec()), "SEC-SP-037");
    assert_eq!(code(bytes[..100].to_vec()), "SEC-SP-037");
    assert_eq!(code(bytes[..bytes.len() - 256].to_vec()), "SEC-SP-037");
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        code(bytes)
    };
    assert_eq!(with(8, 2), "SEC-SP-036");
    assert_eq!(with(8, 0), "SEC-SP-038");
    assert_eq!(with(23, 0xff), "SEC-SP-038");
    assert_eq!(with(16, 0xff), "SEC-SP-038");
    assert_eq!(with(70, b'#'), "SEC-SP-038");
    let missing = Bank::open(Path::new("no/such/bank.gmm")).unwrap_err();
    assert_eq!(missing.code(), "SEC-SP-039");
}

/// A head of our making with the right checksum, as a hostile file would have.
fn forged(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = bank(3).to_bytes();
    let len = u64::from_le_bytes(bytes[16..24].try_into().unwrap()) as usize;
    let mut head: serde_json::Value = serde_json::from_slice(&bytes[64..64 + len]).unwrap();
    change(&mut head);
    let text = serde_json::to_vec(&head).unwrap();
    let mut forged = bytes[..16].to_vec();
    forged.extend((text.len() as u64).to_le_bytes());
    let hash = blake3::Hasher::new().update(&forged).update(&text).finalize();
    forged.extend(hash.as_bytes());
    forged.extend([0; 8]);
    forged.extend(&text);
    let start = (64 + len).next_multiple_of(64);
    forged.resize(start.max(forged.len()), 0);
    forged.extend(&bytes[start..]);
    forged
}

#[test]
fn hostile_heads_are_refused_before_anything_is_allocated() {
    read(forged(|_| ())).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let error = read(forged(change)).unwrap_err();
        assert!(["SEC-SP-037", "SEC-SP-038"].contains(&error.code()), "{error}");
    };
    refused(&|head| head["width"] = 1_u64.into());
    refused(&|head| head["width"] = (u64::MAX / 2).into());
    refused(&|head| head["width"] = 0.into());
    refused(&|head| head["speakers"][0]["model"]["components"] = 4096.into());
    refused(&|head| head["speakers"][0]["model"]["components"] = u64::MAX.into());
    refused(&|head| head["speakers"][0]["model"]["at"] = (u64::MAX - 3).into());
    refused(&|head| head["speakers"][0]["model"]["at"] = 0.into());
    refused(&|head| head["speakers"][0]["model"]["at"] = 4097.into());
    refused(&|head| head["speakers"][0]["seconds"] = (-1.0).into());
    refused(&|head| head["speakers"][0]["name"] = "".into());
    refused(&|head| head["speakers"][0]["name"] = "speaker 1".into());
    refused(&|head| head["speakers"][0]["more"] = 1.into());
    refused(&|head| head["background"]["blake3"] = "00".into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_bring_it_down(at in 0_usize..4000, value in any::<u8>(), len in 0_usize..4000) {
        let mut bytes = bank(3).to_bytes();
        let place = at % bytes.len();
        bytes[place] ^= value;
        bytes.truncate(bytes.len().min(len.max(1)));
        _ = read(bytes);
    }

    #[test]
    fn random_bytes_are_foreign(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(bytes).is_err());
    }
}

/// A thousand speakers of 32 Gaussians in 24 dimensions: 6 MB.
#[test]
fn a_thousand_speakers_open() {
    let mut random = Random::new(2);
    let model = Packed::new(&drawn_mixture(&mut random, 32, 24));
    let mut bank = Bank::new(24, serde_json::Value::Null).unwrap();
    for number in 0..1000 {
        let name = format!("{number}");
        bank.add(Speaker { name, frames: 1, seconds: 1.0, model: model.clone() }).unwrap();
    }
    assert_eq!(read(bank.to_bytes()).unwrap().speakers().len(), 1000);
}
