extension ServedTensor {
  /// Feeds the bytes to a hash.
  func hashContent(into hasher: inout Hasher) {
    unsafe withBytes { unsafe hasher.combine(bytes: $0) }
  }

  /// Whether type, shape and bytes are the same.
  func isEqual(_ other: ServedTensor) -> Bool {
    guard dataType == other.dataType, shape == other.shape, byteCount == other.byteCount else {
      return false
    }
    return unsafe withBytes { mine in
      unsafe other.withBytes { theirs in unsafe mine.elementsEqual(theirs) }
    }
  }
}
