internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@testable import ApusONNX

/// Caches of com.microsoft.GroupQueryAttention; Tests/Operators compares it with ONNX Runtime.
@Suite("GroupQueryAttention")
struct GroupQueryAttentionTests {
  /// One head of size 2; position p has key, query and value (p + 1, −p).
  private func step(
    _ positions: Range<Int>, past: HostTensor, _ attributes: [Onnx_AttributeProto]
  ) throws -> [HostTensor] {
    let rows = positions.flatMap { [Double($0 + 1), -Double($0)] }
    let x = try HostTensor(.float32, shape: [1, positions.count, 2], .real(rows))
    let total = Int64(positions.upperBound)
    return try run(
      "GroupQueryAttention", opset: 17,
      [
        x, x, x, past, past,
        try HostTensor(.int32, shape: [1], .signed([total - 1])),
        try HostTensor(.int32, shape: [], .signed([total])),
      ], [.int("num_heads", 1), .int("kv_num_heads", 1)] + attributes, outputs: 3,
      domain: "com.microsoft")
  }

  private func empty(_ capacity: Int) throws -> HostTensor {
    try HostTensor(zeros: .float32, shape: [1, 1, capacity, 2])
  }

  private func sliding(_ window: Int) -> [Onnx_AttributeProto] {
    [.int("local_window_size", window), .int("sliding_window_cache", 1)]
  }

  /// L(T) by counting: one token a call, G positions go at once where the cache is full.
  private func held(_ total: Int, capacity: Int, window: Int) -> Int {
    var held = 0
    for _ in 0..<total { held = held == capacity ? window : held + 1 }
    return held
  }

  @Test(
    "Windowed caches hold the latest positions, however the tokens are split",
    arguments: [
      (1, 1), (3, 3), (4, 3), (6, 3), (7, 2),
    ])
  func layout(capacity: Int, window: Int) throws {
    for split in [[9], [1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 5, 1, 1], [8, 1], [1, 8]] {
      var past = try empty(capacity)
      var start = 0
      for count in split {
        let found = try step(start..<(start + count), past: past, sliding(window))
        start += count
        past = found[1]
        #expect(past.shape == [1, 1, capacity, 2])
        let kept = held(start, capacity: capacity, window: window)
        let positions = (start - kept)..<start
        let expected = positions.flatMap { [Double($0 + 1), -Double($0)] }
        #expect(try Array(past.reals().prefix(2 * kept)) == expected, "\(split) at \(start)")
        // A whole cache with a window computes the same.
        let whole = try step(
          0..<start, past: empty(0), [.int("local_window_size", window)])[0].reals()
        #expect(close(try found[0].reals(), Array(whole.suffix(2 * count))))
      }
    }
  }

  @Test("What contradicts itself is refused")
  func refusals() throws {
    #expect(throws: (any Error).self) { try step(0..<1, past: empty(2), sliding(3)) }
    #expect(throws: (any Error).self) {
      try step(0..<1, past: empty(2), [.int("sliding_window_cache", 1)])
    }
    #expect(throws: (any Error).self) {
      try step(0..<1, past: empty(2), sliding(2) + [.int("qk_output", 1)])
    }
    #expect(throws: (any Error).self) {
      try step(0..<1, past: empty(2), [.string("k_quant_type", "PER_ROW")])
    }
    #expect(throws: (any Error).self) { try step(0..<1, past: empty(2), [.int("qk_output", 3)]) }
  }
}
