//! Bytes that messages and tensors share.

use bytes::Bytes as Field;
use secateur_tensor::Bytes;

/// Bytes of ours as a field of a message.
struct Owner(Bytes);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes as a field of a message, without a copy.
pub(crate) fn field(bytes: &Bytes) -> Field {
    Field::from_owner(Owner(bytes.clone()))
}

/// A field as bytes of ours: a part of `whole` when it lies there, a copy otherwise.
pub(crate) fn bytes(field: &Field, whole: &Bytes) -> Bytes {
    let from = field.as_ptr().addr().checked_sub(whole.as_ptr().addr());
    match from.and_then(|from| Some(from..from.checked_add(field.len())?)) {
        // The field keeps memory of its own alive, so an address inside `whole` is a part of it.
        Some(range) if range.end <= whole.len() => whole.slice(range),
        _ => Bytes::owned(field.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shared_and_others_copied() {
        let whole = Bytes::owned((0..64).collect());
        let part = field(&whole).slice(8..24);
        let shared = bytes(&part, &whole);
        assert_eq!(&shared[..], &whole[8..24]);
        assert_eq!(shared.as_ptr(), whole[8..].as_ptr());
        let other = Field::from(vec![1, 2, 3]);
        assert_eq!(&bytes(&other, &whole)[..], [1, 2, 3]);
        assert_eq!(bytes(&Field::new(), &whole).len(), 0);
    }
}
