//! Small files of sound, valid and to be spoiled: the ground of [`sounds`](crate::sounds).

/// A wav file as its parts, each of which a case may change.
#[derive(Clone, Debug)]
pub struct Wav {
    /// The first four bytes.
    pub magic: [u8; 4],
    /// Number of the codec.
    pub codec: u16,
    /// Samples of a frame.
    pub channels: u16,
    /// Frames a second.
    pub rate: u32,
    /// Bytes of a frame.
    pub align: u16,
    /// Bits of a sample.
    pub bits: u16,
    /// What follows in the chunk `fmt `.
    pub extension: Vec<u8>,
    /// Chunks between `fmt ` and `data`, whole.
    pub between: Vec<u8>,
    /// The samples.
    pub data: Vec<u8>,
    /// The length that the chunk `data` says, when it is not the true one.
    pub data_says: Option<u32>,
    /// What follows the samples.
    pub tail: Vec<u8>,
}

/// A tenth of a second of a voice-like sound of 16 bits, at 16 kHz.
pub fn wav() -> Wav {
    let data = samples(1600).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    Wav {
        magic: *b"RIFF",
        codec: 1,
        channels: 1,
        rate: 16_000,
        align: 2,
        bits: 16,
        extension: Vec::new(),
        between: Vec::new(),
        data,
        data_says: None,
        tail: Vec::new(),
    }
}

impl Wav {
    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut format = Vec::new();
        format.extend_from_slice(&self.codec.to_le_bytes());
        format.extend_from_slice(&self.channels.to_le_bytes());
        format.extend_from_slice(&self.rate.to_le_bytes());
        format.extend_from_slice(&self.rate.wrapping_mul(self.align.into()).to_le_bytes());
        format.extend_from_slice(&self.align.to_le_bytes());
        format.extend_from_slice(&self.bits.to_le_bytes());
        format.extend_from_slice(&self.extension);
        let mut body = b"WAVE".to_vec();
        body.extend(chunk(*b"fmt ", &format));
        body.extend_from_slice(&self.between);
        let says = self.data_says.unwrap_or(self.data.len() as u32);
        body.extend_from_slice(b"data");
        body.extend_from_slice(&says.to_le_bytes());
        body.extend_from_slice(&self.data);
        body.extend_from_slice(&self.tail);
        let mut bytes = self.magic.to_vec();
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes
    }
}

/// A chunk of a wav file.
pub fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend_from_slice(&(body.len() as u32).to_le_bytes());
    chunk.extend_from_slice(body);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// Samples of whole numbers: a pulse every 137, that fades.
pub fn samples(count: usize) -> Vec<i16> {
    let mut last = 0_i32;
    let next = |n: usize| {
        let pulse = if n.is_multiple_of(137) { 9000 } else { 0 };
        last = last * -7 / 10 + pulse + (n * n % 211) as i32;
        last as i16
    };
    (0..count).map(next).collect()
}

/// A NIST SPHERE file with the given lines in its header.
pub fn sphere(lines: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = format!("NIST_1A\n   1024\n{lines}end_head\n").into_bytes();
    bytes.resize(1024, b' ');
    bytes.extend_from_slice(data);
    bytes
}

/// The lines of a header of SPHERE for 16 bits, little end first.
pub fn sphere_lines(samples: usize) -> String {
    format!(
        "channel_count -i 1\nsample_count -i {samples}\nsample_rate -i 16000\n\
         sample_n_bytes -i 2\nsample_byte_format -s2 01\n"
    )
}

/// What the first block of metadata of a flac file says.
#[derive(Clone, Copy, Debug)]
pub struct Flac {
    /// Frames a second.
    pub rate: u32,
    /// Bits of a sample.
    pub bits: u8,
    /// Samples in all; 0 for unknown.
    pub samples: u64,
    /// Checksum of all samples; zeros for unknown.
    pub md5: [u8; 16],
}

/// Samples of a block.
pub const FLAC_BLOCK: usize = 256;

/// The description that fits [`flac`] of 1600 samples.
pub const FLAC: Flac = Flac { rate: 16_000, bits: 16, samples: 1600, md5: [0; 16] };

/// A flac file of one channel whose blocks hold the samples as they are.
pub fn flac(says: Flac, samples: &[i16]) -> Vec<u8> {
    let mut bytes = b"fLaC\x80\0\0\x22".to_vec();
    bytes.extend_from_slice(&(FLAC_BLOCK as u16).to_be_bytes());
    bytes.extend_from_slice(&(FLAC_BLOCK as u16).to_be_bytes());
    bytes.extend_from_slice(&[0; 6]);
    let packed = u64::from(says.rate) << 44
        | u64::from(says.bits.wrapping_sub(1) & 31) << 36
        | says.samples & 0xf_ffff_ffff;
    bytes.extend_from_slice(&packed.to_be_bytes());
    bytes.extend_from_slice(&says.md5);
    for (number, block) in samples.chunks(FLAC_BLOCK).enumerate() {
        bytes.extend(flac_block(number as u8, 4, block));
    }
    bytes
}

/// A block of flac; `bits` is the code of the width of a sample, 4 for 16 bits.
pub fn flac_block(number: u8, bits: u8, samples: &[i16]) -> Vec<u8> {
    assert!(number < 128, "a number of one byte");
    // Sixteen bits of length follow the number; the rate is that of the description.
    let mut block = vec![0xff, 0xf8, 0x70, bits << 1, number];
    block.extend_from_slice(&(samples.len() as u16 - 1).to_be_bytes());
    block.push(checksum(&block, 8, 0x07) as u8);
    // The samples as they are.
    block.push(0x02);
    block.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
    let checksum = checksum(&block, 16, 0x8005);
    block.extend_from_slice(&checksum.to_be_bytes());
    block
}

/// The remainder of bytes by a polynomial, of 8 or 16 bits.
fn checksum(bytes: &[u8], width: u32, polynomial: u16) -> u16 {
    let mut rest = 0_u32;
    for byte in bytes {
        rest ^= u32::from(*byte) << (width - 8);
        for _ in 0..8 {
            let carry = rest >> (width - 1) & 1;
            rest = ((rest << 1) ^ (carry * u32::from(polynomial))) & ((1 << width) - 1);
        }
    }
    rest as u16
}
