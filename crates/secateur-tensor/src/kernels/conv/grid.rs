//! A result that several threads write.

use std::marker::PhantomData;

use pulp::Simd;

use super::super::isa;

/// Some pixels and some of their channels, of a result `[pixels, channels]`.
pub(super) struct Grid<'a> {
    first: *mut f32,
    pixels: usize,
    columns: usize,
    /// Values from a pixel to the next.
    stride: usize,
    values: PhantomData<&'a mut [f32]>,
}

#[expect(unsafe_code, reason = "a column of pixels is no slice")]
// SAFETY: a grid stands for a mutable borrow of its values, and f32 may go to other threads.
unsafe impl Send for Grid<'_> {}

impl<'a> Grid<'a> {
    pub(super) fn new(y: &'a mut [f32], columns: usize) -> Self {
        let pixels = y.len() / columns;
        Self { first: y.as_mut_ptr(), pixels, columns, stride: columns, values: PhantomData }
    }

    pub(super) fn pixels(&self) -> usize {
        self.pixels
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The same for a while.
    pub(super) fn reborrow(&mut self) -> Grid<'_> {
        Grid { values: PhantomData, ..*self }
    }

    /// The pixels before one, and those from it on.
    #[expect(unsafe_code, reason = "a column of pixels is no slice")]
    pub(super) fn split_pixels(self, at: usize) -> (Self, Self) {
        assert!(0 < at && at < self.pixels, "both parts have pixels");
        // SAFETY: the pixel `at` is one of this grid; the parts have no pixel in common.
        let first = unsafe { self.first.add(at * self.stride) };
        (Self { pixels: at, ..self }, Self { first, pixels: self.pixels - at, ..self })
    }

    /// The channels before one, and those from it on.
    #[expect(unsafe_code, reason = "a column of pixels is no slice")]
    pub(super) fn split_columns(self, at: usize) -> (Self, Self) {
        assert!(0 < at && at < self.columns, "both parts have columns");
        // SAFETY: the column `at` is one of this grid; the parts have no column in common.
        let first = unsafe { self.first.add(at) };
        (Self { columns: at, ..self }, Self { first, columns: self.columns - at, ..self })
    }

    /// So many channels of a pixel from a column on.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is called where results are written")]
    #[expect(unsafe_code, reason = "a column of pixels is no slice")]
    pub(super) fn row(&mut self, pixel: usize, column: usize, count: usize) -> &mut [f32] {
        assert!(pixel < self.pixels && column <= self.columns && count <= self.columns - column);
        // SAFETY: the values are in this grid by the line above, so they are borrowed mutably by
        // it, and by nothing else while the result borrows it.
        unsafe {
            std::slice::from_raw_parts_mut(self.first.add(pixel * self.stride + column), count)
        }
    }

    /// Writes vectors of eight channels, from some columns on, to pixels from one on.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is called where results are written")]
    #[expect(unsafe_code, reason = "checks of each vector take as long as a short window")]
    pub(super) fn store<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        pixel: usize,
        columns: &[usize; V],
        vectors: &[[S::f32s; V]; R],
    ) {
        assert!(pixel <= self.pixels && R <= self.pixels - pixel, "pixels");
        for column in columns {
            assert!(*column <= self.columns && 8 <= self.columns - column, "columns");
        }
        for (r, vectors) in vectors.iter().enumerate() {
            for v in 0..V {
                // SAFETY: the eight values are in this grid by the lines above, and borrowed
                // mutably by it.
                let octet = unsafe {
                    &mut *self.first.add((pixel + r) * self.stride + columns[v]).cast::<[f32; 8]>()
                };
                isa::store(simd, vectors[v], octet);
            }
        }
    }
}
