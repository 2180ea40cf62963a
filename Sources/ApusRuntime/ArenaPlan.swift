/// Offsets of buffers in one block of memory such that buffers alive at the same time never overlap.
///
/// Greedy by size: the largest buffer first, each at the lowest offset free over its lifetime
/// (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
struct ArenaPlan: Sendable {
  /// A buffer and the inclusive range of steps during which it is needed.
  struct Request: Hashable, Sendable {
    var byteCount: Int
    var first: Int
    var last: Int
  }

  let offsets: [Int]
  let byteCount: Int

  static let alignment = 64

  init(_ requests: [Request]) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    var total = 0
    let bySize = requests.indices.sorted {
      (requests[$0].byteCount, $1) > (requests[$1].byteCount, $0)
    }
    for index in bySize {
      let request = requests[index]
      let size = Self.rounded(request.byteCount)
      var offset = 0
      // `placed` is sorted by offset, so the first gap that fits is the lowest.
      for other in placed {
        let neighbour = requests[other]
        guard neighbour.first <= request.last, request.first <= neighbour.last else { continue }
        if offsets[other] >= offset + size { break }
        offset = max(offset, offsets[other] + Self.rounded(neighbour.byteCount))
      }
      offsets[index] = offset
      total = max(total, offset + size)
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: position)
    }
    self.offsets = offsets
    self.byteCount = total
  }

  static func rounded(_ byteCount: Int) -> Int {
    max(byteCount + alignment - 1, alignment) / alignment * alignment
  }

  /// A size with room to grow by some percent, so that plans for slightly different shapes agree.
  static func roomy(_ byteCount: Int) -> Int {
    guard byteCount > 32 * alignment else { return rounded(byteCount) }
    let step = 1 << (Int.bitWidth - 1 - byteCount.leadingZeroBitCount - 4)
    let (sum, overflow) = byteCount.addingReportingOverflow(step - 1)
    return overflow ? byteCount : sum / step * step
  }
}
