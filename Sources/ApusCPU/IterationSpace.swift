internal import ApusIR
internal import ApusTensor

/// An iteration space with the strides that several buffers have in it, reduced to as few dimensions
/// as all of them allow.
struct IterationSpace {
  private(set) var extents: [Int]
  /// Strides per buffer, in elements.
  private(set) var strides: [[Int]]

  init(extents: [Int], strides: [[Int]]) {
    self.extents = extents
    self.strides = strides
  }

  /// Strides of an operand broadcast to `extents`; `own` are its strides, row-major where nil.
  static func broadcastStrides(
    _ shape: [Int], _ own: [Int]? = nil, to extents: [Int]
  ) -> [Int] {
    let own = own ?? rowMajorStrides(shape)
    let lead = extents.count - shape.count
    return extents.indices.map { index in
      index < lead || shape[index - lead] == 1 ? 0 : own[index - lead]
    }
  }

  /// Drops dimensions of extent 1 and merges neighbours that every buffer walks contiguously.
  /// The last `keeping` dimensions stay as they are.
  mutating func collapse(keeping: Int = 0) {
    let fixed = extents.count - keeping
    var keptExtents: [Int] = []
    var keptStrides = [[Int]](repeating: [], count: strides.count)
    for dimension in 0..<fixed where extents[dimension] != 1 {
      let mergeable =
        !keptExtents.isEmpty
        && strides.indices.allSatisfy {
          keptStrides[$0].last == strides[$0][dimension] * extents[dimension]
        }
      if mergeable {
        keptExtents[keptExtents.count - 1] *= extents[dimension]
        for buffer in strides.indices {
          keptStrides[buffer][keptStrides[buffer].count - 1] = strides[buffer][dimension]
        }
      } else {
        keptExtents.append(extents[dimension])
        for buffer in strides.indices { keptStrides[buffer].append(strides[buffer][dimension]) }
      }
    }
    for dimension in fixed..<extents.count {
      keptExtents.append(extents[dimension])
      for buffer in strides.indices { keptStrides[buffer].append(strides[buffer][dimension]) }
    }
    extents = keptExtents
    strides = keptStrides
  }
}
