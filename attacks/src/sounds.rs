//! Files of sound that are damaged, lie, or are something else. Each case writes `sound`, whose
//! name tells nothing, as the content is to decide.

use std::fs;
use std::io;
use std::path::Path;

use crate::Case;
use crate::sound::{
    FLAC, FLAC_BLOCK, Flac, Wav, chunk, flac, flac_block, samples, sphere, sphere_lines, wav,
};

/// The cases of this file.
pub const CASES: &[Case] = &[
    Case { name: "sound_missing", write: |_| Ok(()) },
    Case { name: "sound_is_a_folder", write: |f| fs::create_dir_all(f.join("sound")) },
    Case { name: "sound_empty", write: |f| file(f, b"") },
    Case { name: "sound_is_text", write: |f| file(f, b"hello world, hello") },
    Case { name: "sound_is_random", write: |f| file(f, &[7, 200, 13, 0, 99, 1, 2, 3, 4]) },
    Case {
        name: "sound_is_a_pointer",
        write: |f| file(f, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
    },
    Case {
        name: "sound_is_mp3",
        write: |f| file(f, &[&b"\xff\xfb\x90\x64"[..], &[0; 400]].concat()),
    },
    Case { name: "sound_is_mp3_with_tag", write: |f| file(f, &tagged(&[0xff, 0xfb, 0x90, 0x64])) },
    Case { name: "sound_tag_is_cut", write: |f| file(f, b"ID3\x04\0\0\x7f\x7f\x7f\x7f\0\0") },
    Case { name: "sound_is_ogg", write: |f| file(f, &[&b"OggS"[..], &[0; 60]].concat()) },
    Case { name: "sound_is_m4a", write: |f| file(f, b"\0\0\0\x20ftypM4A \0\0\0\0isom") },
    Case { name: "wav_is_rifx", write: |f| spoiled(f, |w| w.magic = *b"RIFX") },
    Case { name: "wav_is_rf64", write: |f| spoiled(f, |w| w.magic = *b"RF64") },
    Case { name: "wav_is_avi", write: |f| file(f, b"RIFF\x10\0\0\0AVI LIST\0\0\0\0") },
    Case { name: "wav_header_is_cut", write: |f| file(f, &wav().bytes()[..30]) },
    Case { name: "wav_is_cut_before_data", write: |f| file(f, &wav().bytes()[..36]) },
    Case { name: "wav_is_cut", write: |f| file(f, &wav().bytes()[..1000]) },
    Case { name: "wav_length_lies", write: |f| spoiled(f, |w| w.data_says = Some(1 << 30)) },
    Case { name: "wav_length_is_open", write: |f| spoiled(f, |w| w.data_says = Some(u32::MAX)) },
    Case { name: "wav_length_is_zero", write: |f| spoiled(f, |w| w.data_says = Some(0)) },
    Case { name: "wav_length_is_odd", write: |f| spoiled(f, |w| w.data_says = Some(1001)) },
    Case { name: "wav_without_samples", write: |f| spoiled(f, |w| w.data.clear()) },
    Case { name: "wav_0_hz", write: |f| spoiled(f, |w| w.rate = 0) },
    Case { name: "wav_4_ghz", write: |f| spoiled(f, |w| w.rate = u32::MAX) },
    Case { name: "wav_0_channels", write: |f| spoiled(f, |w| (w.channels, w.align) = (0, 0)) },
    Case {
        name: "wav_255_channels",
        write: |f| spoiled(f, |w| (w.channels, w.align) = (255, 510)),
    },
    Case { name: "wav_align_lies", write: |f| spoiled(f, |w| w.align = 4) },
    Case { name: "wav_0_bits", write: |f| spoiled(f, |w| (w.bits, w.align) = (0, 0)) },
    Case { name: "wav_12_bits", write: |f| spoiled(f, |w| w.bits = 12) },
    Case { name: "wav_adpcm", write: |f| spoiled(f, |w| (w.codec, w.bits) = (0x11, 4)) },
    Case { name: "wav_mu_law", write: |f| spoiled(f, |w| (w.codec, w.bits) = (7, 8)) },
    Case { name: "wav_codec_unknown", write: |f| spoiled(f, |w| w.codec = 0x1234) },
    Case { name: "wav_extension_missing", write: |f| spoiled(f, |w| w.codec = 0xfffe) },
    Case { name: "wav_codec_private", write: |f| spoiled(f, |w| extended(w, [9; 16], 16)) },
    Case { name: "wav_bits_lie", write: |f| spoiled(f, |w| extended(w, guid(), 24)) },
    Case { name: "wav_nan", write: |f| floats(f, f32::NAN) },
    Case { name: "wav_infinite", write: |f| floats(f, f32::NEG_INFINITY) },
    Case { name: "wav_floats_of_16_bits", write: |f| floats(f, 12_000.0) },
    Case {
        name: "wav_format_twice",
        write: |f| spoiled(f, |w| w.between = chunk(*b"fmt ", &[0; 16])),
    },
    Case {
        name: "wav_data_first",
        write: |f| file(f, b"RIFF\x20\0\0\0WAVEdata\x04\0\0\0\x01\0\x02\0"),
    },
    Case {
        name: "wav_format_is_huge",
        write: |f| file(f, b"RIFF\x20\0\0\0WAVEfmt \xff\xff\xff\x7f\x01\0\x01\0"),
    },
    Case {
        name: "wav_chunk_lies",
        write: |f| spoiled(f, |w| w.between = b"LIST\xf0\xff\xff\xff".to_vec()),
    },
    Case {
        name: "wav_of_chunks",
        write: |f| spoiled(f, |w| w.between = b"junk\0\0\0\0".repeat(100_000)),
    },
    Case {
        name: "wav_with_garbage_behind",
        write: |f| spoiled(f, |w| w.tail = b"\x01\x02\x03 not a chunk at all".to_vec()),
    },
    Case { name: "wav_silent", write: |f| spoiled(f, |w| w.data = vec![0; 64_000]) },
    Case { name: "wav_10_ms", write: |f| spoiled(f, |w| w.data.truncate(320)) },
    Case { name: "wav_constant", write: |f| spoiled(f, |w| w.data = vec![0x20; 64_000]) },
    Case { name: "sphere_header_is_cut", write: |f| file(f, b"NIST_1A\n   1024\nchannel_count") },
    Case { name: "sphere_length_is_none", write: |f| file(f, b"NIST_1A\n   many\nchannel_count") },
    Case { name: "sphere_without_rate", write: |f| lines(f, "sample_rate", "-i 16000", None) },
    Case {
        name: "sphere_shortened",
        write: |f| lines(f, "x", "x", Some("sample_coding -s26 pcm,embedded-shorten-v2.00\n")),
    },
    Case { name: "sphere_order_unknown", write: |f| lines(f, "format -s2 01", "", Some("")) },
    Case {
        name: "sphere_is_cut",
        write: |f| file(f, &sphere(&sphere_lines(usize::MAX), &[1, 0, 2, 0])),
    },
    Case { name: "flac_header_is_cut", write: |f| file(f, &flac(FLAC, &[])[..20]) },
    Case { name: "flac_begins_with_padding", write: padding_first },
    Case { name: "flac_0_hz", write: |f| file(f, &flac(Flac { rate: 0, ..FLAC }, &samples(1600))) },
    Case {
        name: "flac_2_bits",
        write: |f| file(f, &flac(Flac { bits: 2, ..FLAC }, &samples(1600))),
    },
    Case { name: "flac_block_of_33_bits", write: |f| file(f, &wide_block()) },
    Case {
        name: "flac_without_samples",
        write: |f| file(f, &flac(Flac { samples: 0, ..FLAC }, &[])),
    },
    Case { name: "flac_is_cut", write: |f| file(f, &flac(FLAC, &samples(1600))[..2000]) },
    Case { name: "flac_block_damaged", write: |f| file(f, &flipped(1500)) },
    Case { name: "flac_last_block_damaged", write: |f| file(f, &flipped(3200)) },
    Case { name: "flac_block_missing", write: block_missing },
    Case {
        name: "flac_checksum_lies",
        write: |f| file(f, &flac(Flac { md5: [9; 16], ..FLAC }, &samples(1600))),
    },
    Case {
        name: "flac_length_lies",
        write: |f| file(f, &flac(Flac { samples: 1 << 35, ..FLAC }, &samples(1600))),
    },
];

fn file(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(folder.join("sound"), bytes)
}

fn spoiled(folder: &Path, spoil: fn(&mut Wav)) -> io::Result<()> {
    let mut wav = wav();
    spoil(&mut wav);
    file(folder, &wav.bytes())
}

/// The identifier of samples of whole numbers.
fn guid() -> [u8; 16] {
    *b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
}

fn extended(wav: &mut Wav, codec: [u8; 16], valid_bits: u16) {
    wav.codec = 0xfffe;
    wav.extension = 22_u16.to_le_bytes().to_vec();
    wav.extension.extend_from_slice(&valid_bits.to_le_bytes());
    wav.extension.extend_from_slice(&[0; 4]);
    wav.extension.extend_from_slice(&codec);
}

/// Floats, the last of which is `bad`.
fn floats(folder: &Path, bad: f32) -> io::Result<()> {
    let mut wav = wav();
    (wav.codec, wav.bits, wav.align) = (3, 32, 4);
    let good = samples(1600).into_iter().map(|sample| f32::from(sample) / 32768.0);
    wav.data = good.chain([bad]).flat_map(f32::to_le_bytes).collect();
    file(folder, &wav.bytes())
}

/// A tag (ID3) of eight bytes in front.
fn tagged(bytes: &[u8]) -> Vec<u8> {
    [b"ID3\x04\0\0\0\0\0\x08TIT2....", bytes, &[0; 100]].concat()
}

/// Lines of a SPHERE header, with what follows a name replaced, and perhaps a line more.
fn lines(folder: &Path, name: &str, value: &str, more: Option<&str>) -> io::Result<()> {
    let lines = sphere_lines(100).replace(&format!("{name} {value}\n"), "").replace(name, "note");
    file(folder, &sphere(&(lines + more.unwrap_or("")), &[1; 200]))
}

fn padding_first(folder: &Path) -> io::Result<()> {
    let whole = flac(FLAC, &samples(1600));
    let padded = [&b"fLaC\x01\0\0\x22"[..], &[0; 34], &whole[4..]].concat();
    file(folder, &padded)
}

/// A block whose samples have a width that does not exist.
fn wide_block() -> Vec<u8> {
    let mut bytes = flac(FLAC, &[]);
    bytes.extend(flac_block(0, 3, &samples(FLAC_BLOCK)));
    bytes
}

/// A flac file with a bit turned over.
fn flipped(at: usize) -> Vec<u8> {
    let mut bytes = flac(FLAC, &samples(1600));
    bytes[at] ^= 0x10;
    bytes
}

fn block_missing(folder: &Path) -> io::Result<()> {
    let all = samples(1600);
    let mut bytes = flac(FLAC, &[]);
    for (number, block) in all.chunks(FLAC_BLOCK).enumerate().filter(|(number, _)| *number != 2) {
        bytes.extend(flac_block(number as u8, 4, block));
    }
    file(folder, &bytes)
}

#[cfg(test)]
mod tests {
    use secateur_speaker::audio::{Options, read};
    use secateur_speaker::features::{Settings, extract};

    use super::*;

    /// The exit code and a part of the message; 0 where the sound is read all the same.
    const EXPECTED: &[(&str, u8, &str)] = &[
        ("sound_missing", 3, "there is no such file"),
        ("sound_is_a_folder", 3, "this is a folder"),
        ("sound_empty", 3, "the file is empty"),
        ("sound_is_text", 3, "begins with the text \"hello world, hel\""),
        ("sound_is_random", 3, "begins with the bytes 07 c8 0d 00"),
        ("sound_is_a_pointer", 3, "Git LFS pointer"),
        ("sound_is_mp3", 4, "MPEG audio (mp3, aac) is not read"),
        ("sound_is_mp3_with_tag", 4, "a tag (ID3) in front, such as mp3"),
        ("sound_tag_is_cut", 3, "a tag (ID3) of"),
        ("sound_is_ogg", 4, "Ogg (Vorbis, Opus or Speex)"),
        ("sound_is_m4a", 4, "MPEG-4 (m4a, mp4)"),
        ("wav_is_rifx", 4, "RIFX"),
        ("wav_is_rf64", 4, "RF64"),
        ("wav_is_avi", 4, "a RIFF file of kind \"AVI \""),
        ("wav_header_is_cut", 3, "the chunk fmt of 16 bytes is announced, but only 10 follow"),
        ("wav_is_cut_before_data", 3, "byte 36: the file ends without its chunk data"),
        ("wav_is_cut", 3, "the chunk data of 3200 bytes is announced, but only 956 follow"),
        ("wav_length_lies", 3, "of 1073741824 bytes is announced, but only 3200 follow"),
        ("wav_length_is_open", 0, ""),
        ("wav_length_is_zero", 3, "announces no samples, though 3200 bytes follow"),
        (
            "wav_length_is_odd",
            3,
            "byte 40: the chunk data says 1001 bytes, which are no frames of 2",
        ),
        ("wav_without_samples", 3, "there are no samples"),
        ("wav_0_hz", 3, "the rate is 0 Hz"),
        ("wav_4_ghz", 3, "the rate is 4294967295 Hz"),
        ("wav_0_channels", 3, "there are 0 channels"),
        ("wav_255_channels", 3, "there are 255 channels, between 1 and 32"),
        ("wav_align_lies", 3, "byte 32: 4 bytes a frame, 1 channels of 16 bits are 2"),
        ("wav_0_bits", 4, "whole numbers of 0 bits"),
        ("wav_12_bits", 4, "whole numbers of 12 bits"),
        ("wav_adpcm", 4, "wav with IMA ADPCM is not read"),
        ("wav_mu_law", 4, "wav with mu-law is not read"),
        ("wav_codec_unknown", 4, "codec number 0x1234"),
        ("wav_extension_missing", 3, "lacks its extension"),
        ("wav_codec_private", 4, "a private codec"),
        ("wav_bits_lie", 3, "24 valid bits in a container of 16"),
        ("wav_nan", 3, "the sample at 0.1000 s is NaN"),
        ("wav_infinite", 3, "the sample at 0.1000 s is -inf"),
        ("wav_floats_of_16_bits", 3, "is 12000; float samples lie between -1 and 1"),
        ("wav_format_twice", 3, "byte 36: a second chunk fmt"),
        ("wav_data_first", 3, "byte 12: the chunk data stands before the chunk fmt"),
        ("wav_format_is_huge", 3, "byte 16: the chunk fmt says 2147483647 bytes"),
        ("wav_chunk_lies", 3, "byte 40: the chunk \"LIST\" says 4294967280 bytes"),
        ("wav_of_chunks", 3, "more than 1000 chunks and no samples"),
        ("wav_with_garbage_behind", 0, ""),
        ("wav_silent", 3, "no voiced frames: every sample is zero"),
        ("wav_10_ms", 3, "the passage lasts 10.0 ms, one window is 25.0 ms"),
        ("wav_constant", 0, ""),
        ("sphere_header_is_cut", 3, "a header of 1008 bytes is announced, but only 13 follow"),
        ("sphere_length_is_none", 3, "the second line does not say how long the header is"),
        ("sphere_without_rate", 3, "the header does not say sample_rate"),
        ("sphere_shortened", 4, "pcm,embedded-shorten"),
        ("sphere_order_unknown", 3, "sample_byte_format is None"),
        ("sphere_is_cut", 3, "is announced, but only 4 follow"),
        ("flac_header_is_cut", 3, "a header of 42 bytes is announced, but only 20 follow"),
        ("flac_begins_with_padding", 3, "byte 4: flac does not begin with a description"),
        ("flac_0_hz", 3, "the rate is 0 Hz"),
        ("flac_2_bits", 3, "samples of 2 bits"),
        ("flac_block_of_33_bits", 3, "damaged at 0.00 s"),
        ("flac_without_samples", 3, "there are no samples"),
        ("flac_is_cut", 3, "damaged at 0.05 s: the rest is missing or damaged"),
        ("flac_block_damaged", 3, "damaged at 0.03 s: a block is missing or its checksum"),
        ("flac_last_block_damaged", 3, "damaged at 0.10 s: the rest is missing or damaged"),
        ("flac_block_missing", 3, "damaged at 0.03 s: a block is missing"),
        ("flac_checksum_lies", 3, "do not match the checksum (MD5)"),
        ("flac_length_lies", 5, "at most 14400 s are read"),
    ];

    /// The exit code and what is said of a case, read and made frames of.
    fn outcome(case: &Case) -> (u8, String) {
        let folder = std::env::temp_dir().join(format!("sounds-{}", std::process::id()));
        let folder = folder.join(case.name);
        fs::create_dir_all(&folder).unwrap();
        (case.write)(&folder).unwrap();
        let sound = read(&folder.join("sound"), &Options::default());
        fs::remove_dir_all(&folder).unwrap();
        let sound = match sound {
            Ok(sound) => sound,
            Err(error) => return (error.kind().exit(), error.to_string()),
        };
        match extract(&sound, &Settings::default()) {
            Ok(extracted) => {
                assert!(extracted.frames.values.iter().all(|value| value.is_finite()));
                (0, String::new())
            }
            Err(error) => (error.kind().exit(), error.to_string()),
        }
    }

    #[test]
    fn each_case_is_told_what_is_wrong_with_it() {
        assert_eq!(CASES.len(), EXPECTED.len());
        let mut wrong = Vec::new();
        for (case, (name, exit, part)) in CASES.iter().zip(EXPECTED) {
            assert_eq!(case.name, *name);
            let (found, message) = outcome(case);
            if found != *exit || !message.contains(part) {
                wrong.push(format!("{name}: {found} {message}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_ground_is_sound() {
        let valid = [wav().bytes(), flac(FLAC, &samples(1600)), tagged_flac()];
        let data: Vec<u8> = samples(1600).iter().flat_map(|s| s.to_le_bytes()).collect();
        let all = valid.into_iter().chain([sphere(&sphere_lines(1600), &data)]);
        for (index, bytes) in all.enumerate() {
            let reader = secateur_speaker::audio::Reader::bytes(Path::new("ground"), bytes);
            let sound = secateur_speaker::audio::read_all(reader.unwrap(), &Options::default());
            let expect: Vec<f32> = samples(1600).into_iter().map(f32::from).collect();
            assert_eq!(sound.unwrap().samples, expect, "{index}");
        }
    }

    fn tagged_flac() -> Vec<u8> {
        let whole = tagged(&flac(FLAC, &samples(1600)));
        whole[..whole.len() - 100].to_vec()
    }
}
