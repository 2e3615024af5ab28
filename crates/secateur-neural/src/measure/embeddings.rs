//! Embeddings of sentences by an encoder, and how far pruning turned them.
//!
//! An embedding is the mean over all tokens of the last hidden state, special tokens included,
//! scaled to length 1, as sentence encoders are used. Quality is the cosine between the
//! embeddings of one sentence before and after.
//!
//! Source: N. Reimers, I. Gurevych, 2019, "Sentence-BERT".

use secateur_checkpoint::Checkpoint;

use crate::error::NeuralError;
use crate::family::not_finite_values;
use crate::generate::last_hidden;

/// Embeddings of length 1, `[width]` each. A sentence is cut at the positions of the model.
///
/// # Errors
/// [`NeuralError`] when the model has no tokenizer, cannot be run, or its values overflow.
pub fn embeddings(model: &Checkpoint, sentences: &[String]) -> Result<Vec<Vec<f32>>, NeuralError> {
    let tokenizer = model.tokenizer()?;
    let embed = |sentence: &String| {
        let mut ids = tokenizer.encode_with_special(sentence)?;
        ids.truncate(model.dims.positions);
        model.check_ids(model.tokenizer_path(), &ids)?;
        let tokens = ids.len();
        if tokens == 0 {
            return Ok(vec![0.0; model.dims.width]);
        }
        let hidden = last_hidden(model, &ids, tokens)?;
        if !hidden.as_f32().iter().all(|v| v.is_finite()) {
            return Err(not_finite_values(model, model.dims.layers));
        }
        Ok(mean_of_length_one(hidden.as_f32(), model.dims.width))
    };
    sentences.iter().map(embed).collect()
}

fn mean_of_length_one(hidden: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; width];
    for token in hidden.chunks_exact(width) {
        for (sum, value) in sums.iter_mut().zip(token) {
            *sum += f64::from(*value);
        }
    }
    let norm = sums.iter().map(|s| s * s).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
    sums.iter().map(|s| (s * scale) as f32).collect()
}

/// Cosines between two lists of embeddings of length 1, pair by pair.
pub fn cosines(a: &[Vec<f32>], b: &[Vec<f32>]) -> Vec<f64> {
    let dot = |a: &Vec<f32>, b: &Vec<f32>| {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    a.iter().zip(b).map(|(a, b)| dot(a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_is_the_mean_direction() {
        let e = mean_of_length_one(&[3.0, 0.0, 3.0, 8.0], 2);
        assert_eq!(e, [0.6, 0.8]);
        assert_eq!(mean_of_length_one(&[1.0, -1.0], 1), [0.0]);
        let cosine = cosines(&[e], &[vec![1.0, 0.0]])[0];
        assert!((cosine - 0.6).abs() < 1e-7);
    }
}
