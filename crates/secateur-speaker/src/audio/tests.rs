//! Files and pipes, and laws of the change of rate.

use std::io::{Cursor, Read};
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// What stops the reading; a sound is too long to be shown.
#[track_caller]
fn fault_of(bytes: &[u8]) -> AudioError {
    match read_bytes(bytes) {
        Ok(sound) => panic!("{} samples were read", sound.samples.len()),
        Err(error) => error,
    }
}

fn read_bytes(bytes: &[u8]) -> Result<Sound, AudioError> {
    read_all(Reader::bytes(Path::new("test"), bytes.to_vec())?, &Options::default())
}

#[test]
fn what_is_written_is_read() {
    let samples: Vec<f32> = vec![0.0, 1.0, -1.0, 32767.0, -32768.0, 1234.0];
    let sound = Sound { rate: 16_000, samples };
    let mut bytes = Vec::new();
    write_wav(&mut bytes, &sound).unwrap();
    assert_eq!(read_bytes(&bytes).unwrap(), sound);
    let theirs = hound::WavReader::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(theirs.into_samples::<i16>().map(Result::unwrap).nth(3), Some(32767));
    let loud = Sound { rate: 8000, samples: vec![1e9, -1e9, f32::NAN] };
    bytes.clear();
    write_wav(&mut bytes, &loud).unwrap();
    assert_eq!(read_bytes(&bytes).unwrap().samples, [32767.0, -32768.0, 0.0]);
}

/// A wav file by another writer.
fn wav(channels: u16, bits: u16, format: hound::SampleFormat, samples: &[f64]) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: 8000,
        bits_per_sample: bits,
        sample_format: format,
    };
    let mut out = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
    for sample in samples {
        match format {
            hound::SampleFormat::Float => writer.write_sample(*sample as f32).unwrap(),
            hound::SampleFormat::Int => writer.write_sample(*sample as i32).unwrap(),
        }
    }
    writer.finalize().unwrap();
    out.into_inner()
}

#[test]
fn every_width_of_wav_is_read() {
    use hound::SampleFormat::{Float, Int};
    let check = |bytes: Vec<u8>, expect: &[f32]| {
        let sound = read_bytes(&bytes).unwrap();
        assert_eq!((sound.rate, &sound.samples[..]), (8000, expect));
    };
    check(wav(1, 8, Int, &[-128.0, 0.0, 127.0]), &[-32768.0, 0.0, 32512.0]);
    check(wav(1, 16, Int, &[-32768.0, 5.0]), &[-32768.0, 5.0]);
    // Above 16 bits hound writes the extensible form.
    check(wav(1, 24, Int, &[-8_388_608.0, 384.0]), &[-32768.0, 1.5]);
    check(wav(1, 32, Int, &[-2_147_483_648.0, 98304.0]), &[-32768.0, 1.5]);
    check(wav(1, 32, Float, &[-1.0, 0.25]), &[-32768.0, 8192.0]);
    check(wav(2, 16, Int, &[1.0, 2.0, 10.0, 20.0]), &[1.5, 15.0]);
    check(wav(6, 16, Int, &[6.0; 12]), &[6.0, 6.0]);
}

/// A pipe that gives a few bytes at a time, and is interrupted now and then.
struct Drip(Cursor<Vec<u8>>, usize);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 7 + 1;
        if self.1 == 4 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_pipe_that_drips_gives_the_same() {
    let samples: Vec<f32> = (0..999).map(|n| (n * 37 % 2000 - 1000) as f32).collect();
    let sound = Sound { rate: 16_000, samples };
    let mut bytes = Vec::new();
    write_wav(&mut bytes, &sound).unwrap();
    let pipe = Reader::stream(Path::new("pipe"), Drip(Cursor::new(bytes.clone()), 0)).unwrap();
    assert_eq!(read_all(pipe, &Options::default()).unwrap(), sound);

    let raw = Raw { rate: 16_000, channels: 1, coding: Coding::S16Le };
    // Half a sample at the end is left out.
    let data = Cursor::new(bytes[44..bytes.len() - 1].to_vec());
    let pipe = Reader::raw(Path::new("pipe"), Drip(data, 0), raw).unwrap();
    assert_eq!(read_all(pipe, &Options::default()).unwrap().samples, sound.samples[..998]);
}

/// What a live pipe writes: a header whose lengths are not known yet.
#[test]
fn a_pipe_may_end_anywhere() {
    let sound = Sound { rate: 16_000, samples: vec![7.0; 100] };
    let mut bytes = Vec::new();
    write_wav(&mut bytes, &sound).unwrap();
    for length in [0xffff_ffff_u32, 0x8000_0000, 0x7fff_ffdb] {
        bytes[40..44].copy_from_slice(&length.to_le_bytes());
        let pipe = Reader::stream(Path::new("pipe"), Cursor::new(bytes.clone())).unwrap();
        assert_eq!(read_all(pipe, &Options::default()).unwrap(), sound, "{length:#x}");
    }
    bytes[40..44].copy_from_slice(&202_u32.to_le_bytes());
    let pipe = Reader::stream(Path::new("pipe"), Cursor::new(bytes)).unwrap();
    let error = read_all(pipe, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "SEC-SP-008");
    assert!(error.to_string().starts_with("pipe: "), "{error}");
}

/// A file as TIMIT has them.
fn sphere(order: &str, data: &[u8]) -> Vec<u8> {
    let header = format!(
        "NIST_1A\n   1024\ndatabase_id -s5 TIMIT\nchannel_count -i 1\nsample_count -i {}\n\
         sample_rate -i 16000\nsample_n_bytes -i 2\nsample_byte_format -s2 {order}\n\
         sample_sig_bits -i 16\nend_head\n",
        data.len() / 2
    );
    let mut bytes = header.into_bytes();
    bytes.resize(1024, b' ');
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn sphere_is_read_in_both_orders() {
    let expect = Sound { rate: 16_000, samples: vec![1.0, -2.0, 300.0] };
    assert_eq!(read_bytes(&sphere("01", &[1, 0, 0xfe, 0xff, 0x2c, 1])).unwrap(), expect);
    assert_eq!(read_bytes(&sphere("10", &[0, 1, 0xff, 0xfe, 1, 0x2c])).unwrap(), expect);
}

#[test]
fn the_length_is_limited_before_memory_is_taken() {
    let bytes = wav(1, 16, hound::SampleFormat::Int, &vec![0.0; 8001]);
    let options = Options { seconds_max: 1.0, ..Options::default() };
    let reader = Reader::bytes(Path::new("long.wav"), bytes.clone()).unwrap();
    let error = read_all(reader, &options).unwrap_err();
    assert_eq!((error.code(), error.kind().exit()), ("SEC-SP-013", 5));
    assert!(error.to_string().contains("at most 1 s are read"), "{error}");
    // A pipe of unknown length is stopped when it is there.
    let raw = Raw { rate: 8000, channels: 1, coding: Coding::U8 };
    let endless = Reader::raw(Path::new("pipe"), std::io::repeat(128), raw).unwrap();
    assert_eq!(read_all(endless, &options).unwrap_err().code(), "SEC-SP-013");
}

#[test]
fn files_that_are_none_say_so() {
    let error = read(Path::new("no/such.wav"), &Options::default()).unwrap_err();
    assert_eq!((error.code(), error.fault), ("SEC-SP-001", Fault::Missing));
    let error = read(Path::new("."), &Options::default()).unwrap_err();
    assert_eq!(error.fault, Fault::Folder);
}

#[test]
fn flac_of_the_shared_recordings_is_read_whole() {
    let Some(data) = std::env::var_os("SECATEUR_TEST_DATA") else {
        println!("skipped: no test data");
        return;
    };
    let path = Path::new(&data).join("data/speech/libri251/19/19-198-0000.flac");
    let sound = read(&path, &Options::default()).unwrap();
    assert_eq!((sound.rate, sound.samples.len()), (16_000, 31_440));
    // A flipped bit anywhere in the sound is found. It begins behind the metadata.
    let bytes = std::fs::read(&path).unwrap();
    let mut first = 4;
    while first < bytes.len() {
        let head = u32::from_be_bytes(bytes[first..first + 4].try_into().unwrap());
        first += 4 + (head & 0xff_ffff) as usize;
        if head >> 31 == 1 {
            break;
        }
    }
    for at in (first..bytes.len()).step_by(997) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let error = fault_of(&damaged);
        assert_eq!(error.code(), "SEC-SP-014", "{at}: {error}");
    }
    for end in (first..bytes.len()).step_by(997) {
        let error = fault_of(&bytes[..end]);
        assert_eq!(error.code(), "SEC-SP-014", "{end}: {error}");
    }
    // A tag in front does not matter.
    let tagged = [b"ID3\x04\0\0\0\0\x01\x02", &[0; 130][..], &bytes].concat();
    assert_eq!(read_bytes(&tagged).unwrap(), sound);
}

/// Sines of several frequencies, in parts of half the lower rate, at a rate.
fn sines(rate: u32, lower: u32, count: usize) -> Vec<f32> {
    let value = |n: usize| {
        let seconds = n as f64 / f64::from(rate);
        let part = |part: f64| {
            let hz = part * f64::from(lower) / 2.0;
            (std::f64::consts::TAU * hz * seconds + part).sin()
        };
        (5000.0 * (part(0.05) + part(0.3) + part(0.62) + part(0.92))) as f32
    };
    (0..count).map(value).collect()
}

/// The filter is flat and its phases exact to this part of full scale; most of it is the ripple
/// of its window near the end of the band.
const RIPPLE: f32 = 1e-4 * 20_000.0;

#[test]
fn resampled_sound_is_the_same_sound() {
    let rates = [
        (8000, 16_000),
        (11_025, 16_000),
        (22_050, 16_000),
        (32_000, 16_000),
        (44_100, 16_000),
        (48_000, 16_000),
        (96_000, 16_000),
        (384_000, 16_000),
        (1000, 16_000),
        (16_000, 8000),
        (16_000, 48_000),
        (44_101, 16_000),
        (15_999, 16_000),
        (16_001, 8000),
    ];
    for (from, to) in rates {
        let lower = from.min(to);
        let count = from as usize / 2 + 17;
        let sound = Sound { rate: from, samples: sines(from, lower, count) };
        let ours = resample(&sound, to).unwrap();
        let exact = (count as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
        assert_eq!((ours.rate, ours.samples.len()), (to, exact), "{from} to {to}");
        // At both ends the sound begins and ends at once, which no filter of this band passes.
        let edge = 300 * to as usize / lower as usize;
        let expect = sines(to, lower, exact);
        let worst = (edge..exact.saturating_sub(edge))
            .map(|at| (ours.samples[at] - expect[at]).abs())
            .fold(0.0, f32::max);
        assert!(worst < RIPPLE, "{from} to {to}: {worst}");
    }
}

#[test]
fn what_is_above_the_band_is_gone() {
    let samples = (0..48_000).map(|n| 20_000.0 * (f64::from(n) * 1.2).sin() as f32).collect();
    // 1.2 rad a sample is 9.2 kHz.
    let ours = resample(&Sound { rate: 48_000, samples }, 16_000).unwrap();
    let loudest = ours.samples[300..15_700].iter().fold(0.0_f32, |m, s| m.max(s.abs()));
    assert!(loudest < 20_000.0 * 3e-5, "-90 dB: {loudest}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn blocks_do_not_matter_to_the_rate(
        from in prop::sample::select(vec![8000_u32, 11_025, 16_000, 44_100, 47_999]),
        count in 0_usize..5000,
        blocks in prop::collection::vec(1_usize..2000, 1..6),
    ) {
        let samples = sines(from, 8000, count);
        let mut resampler = Resampler::new(from, 16_000).unwrap();
        // The second time it begins anew.
        for _ in 0..2 {
            let mut ours = Vec::new();
            let mut left = &samples[..];
            for block in blocks.iter().cycle() {
                if left.is_empty() {
                    break;
                }
                let (now, later) = left.split_at((*block).min(left.len()));
                resampler.push(now, &mut ours);
                left = later;
            }
            resampler.finish(&mut ours);
            let whole = resample(&Sound { rate: from, samples: samples.clone() }, 16_000).unwrap();
            prop_assert_eq!(ours.len() as u64, (count as u64 * 16_000).div_ceil(from.into()));
            prop_assert_eq!(ours, whole.samples);
        }
    }
}

#[test]
fn rates_are_limited() {
    for (from, to) in [(0, 16_000), (999, 16_000), (16_000, 384_001)] {
        assert!(matches!(Resampler::new(from, to), Err(Fault::Rate { .. })));
    }
}
