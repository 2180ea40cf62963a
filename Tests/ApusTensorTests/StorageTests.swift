import Testing

@testable import ApusTensor

@Suite struct StorageTests {
  /// Around the size from which blocks are mapped, that from which they hold huge pages, and steps between sizes.
  static let sizes = [
    0, 1, 63, 64, 65, 4096, (1 << 20) - 65, (1 << 20) - 64, (1 << 20) - 1, 1 << 20, (1 << 20) + 1,
    (1 << 21) + 12345, (4 << 20) - 64, 4 << 20, (4 << 20) + 1, 9 << 20, (80 << 20) + 17,
  ]

  @Test(arguments: sizes) func bothEndsCanBeWrittenAndReadBack(size: Int) throws {
    for round in 0..<3 {
      let storage = try Storage.uninitialized(byteCount: size)
      #expect(UInt(bitPattern: storage.address) % 64 == 0)
      guard size > 0 else { continue }
      storage.address.storeBytes(of: UInt8(round), as: UInt8.self)
      storage.address.storeBytes(of: UInt8(round + 7), toByteOffset: size - 1, as: UInt8.self)
      #expect(storage.bytes[size - 1] == UInt8(round + 7))
      #expect(size == 1 || storage.bytes[0] == UInt8(round))
    }
  }

  /// A block that was used before holds what was left in it.
  @Test func zeroesAreWrittenIntoBlocksThatAreUsedAgain() throws {
    for _ in 0..<4 {
      let used = try Storage.uninitialized(byteCount: 3 << 20)
      used.address.initializeMemory(as: UInt8.self, repeating: 0xAB, count: 3 << 20)
    }
    let storage = try Storage.allocate(byteCount: 3 << 20)
    #expect(storage.bytes.allSatisfy { $0 == 0 })
  }

  @Test func sizesThatCannotBeHadAreErrors() {
    for size in [-1, Int.min, .max, .max - 63, .max - 64, 1 << 62] {
      #expect(throws: TensorError.outOfMemory(byteCount: size)) {
        try Storage.uninitialized(byteCount: size)
      }
    }
  }

  /// No two that are there at once share a byte, from whatever threads they come and go.
  @Test func blocksOfSeveralThreadsStayApart() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<4 {
        group.addTask {
          var random = SplitMix(seed: UInt64(task))
          var held: [(storage: Storage, mark: UInt8)] = []
          for _ in 0..<300 {
            if held.count > 4 {
              let (storage, mark) = held.remove(at: Int(random.next() % 5))
              let bytes = storage.bytes
              let step = max(bytes.count / 64, 1)
              guard stride(from: 0, to: bytes.count, by: step).allSatisfy({ bytes[$0] == mark })
              else { return false }
            }
            let size = [(1 << 20) + 1, 1 << 20, 3 << 19, 5 << 20][Int(random.next() % 4)]
            let storage = try Storage.uninitialized(byteCount: size)
            let mark = UInt8(truncatingIfNeeded: random.next())
            storage.address.initializeMemory(as: UInt8.self, repeating: mark, count: size)
            held.append((storage, mark))
          }
          return true
        }
      }
      for try await isApart in group { #expect(isApart) }
    }
  }
}
