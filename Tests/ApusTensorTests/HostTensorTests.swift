import ApusTensor
import Testing

@Suite struct HostTensorTests {
  @Test func sizesAreChecked() throws {
    #expect(throws: TensorError.elementCount(expected: 4, found: 3)) {
      try HostTensor(.float32, shape: [2, 2], .real([1, 2, 3]))
    }
    #expect(throws: TensorError.self) { try HostTensor(.float32, shape: [2], bytes: [0, 0, 0]) }
    #expect(throws: TensorError.self) { try HostTensor(.float32, shape: [.max, 2], .real([])) }
    #expect(throws: TensorError.self) { try HostTensor(.float32, shape: [-1], .real([])) }
    #expect(throws: TensorError.self) { try HostTensor(zeros: .int8, shape: [1 << 62]) }
  }

  @Test func storageIsBounded() throws {
    let storage = try Storage.allocate(byteCount: 16)
    let tensor = try HostTensor(.float32, shape: [2], storage: storage, byteOffset: 8)
    #expect(try tensor.reals() == [0, 0])
    for offset in [-1, 9, 17, Int.max] {
      #expect(throws: TensorError.self) {
        try HostTensor(.float32, shape: [2], storage: storage, byteOffset: offset)
      }
    }
    #expect(throws: TensorError.self) { try HostTensor(.string, shape: [], storage: storage) }
  }

  @Test func packedElements() throws {
    let four = try HostTensor(.int4, shape: [3], .signed([1, -2, 7]))
    #expect(four.packedBytes == [0xE1, 0x07])
    let two = try HostTensor(.uint2, shape: [5], .unsigned([1, 2, 3, 0, 2]))
    #expect(two.packedBytes == [0b00_11_10_01, 0b10])
    #expect(try two.integers() == [1, 2, 3, 0, 2])
  }

  @Test(arguments: [ElementType.float32, .int64, .bool, .int4, .uint2, .complex64, .float8e5m2])
  func splatsReadLikeDenseTensors(element: ElementType) throws {
    let one: Elements =
      switch element.arithmetic {
      case .complex: .complex([Complex(1, -2)])
      default: .real([1])
      }
    let scalar = try HostTensor(element, shape: [], one)
    let splat = try HostTensor(splat: scalar, shape: [3, 5])
    #expect(splat.isSplat && splat.count == 15)
    let dense = try splat.densified()
    #expect(!dense.isSplat)
    #expect(try splat.elements() == dense.elements())
    #expect(splat.packedBytes.count == element.byteCount(of: 15))
  }

  /// A file may name any shape for one stored element.
  @Test func splatsBeyondMemoryAreErrors() throws {
    for element in [ElementType.float32, .bool, .int4, .complex64] {
      let one = try HostTensor(zeros: element, shape: [])
      let splat = try HostTensor(splat: one, shape: [1 << 20, 1 << 30])
      #expect(throws: TensorError.self) { try splat.elements() }
      #expect(throws: TensorError.self) { try splat.densified() }
    }
    let text = try HostTensor(texts: ["a"], shape: [])
    #expect(throws: TensorError.self) { try HostTensor(splat: text, shape: [1 << 50]) }
    #expect(throws: TensorError.self) { try HostTensor(zeros: .string, shape: [1 << 50]) }
    #expect(throws: TensorError.self) { try Storage.require(.max, of: 2) }
  }

  /// The element that repeats may be the first of a larger storage.
  @Test func splatsOfViews() throws {
    let storage = try HostTensor(.int16, shape: [3], .signed([0x1234, 2, 3]))
    guard case .dense(let bytes, _) = storage.content else { return }
    let one = try HostTensor(.int16, shape: [1], storage: bytes)
    let splat = try HostTensor(splat: one, shape: [2, 2])
    #expect(splat.packedBytes == [0x34, 0x12, 0x34, 0x12, 0x34, 0x12, 0x34, 0x12])
    #expect(try splat.densified().packedBytes == splat.packedBytes)
  }

  @Test func reshaping() throws {
    let tensor = try HostTensor(.int64, shape: [2, 3], .signed([1, 2, 3, 4, 5, 6]))
    #expect(try tensor.reshaped([3, 2]).integers() == [1, 2, 3, 4, 5, 6])
    #expect(throws: TensorError.self) { try tensor.reshaped([4]) }
    #expect(tensor.denseAddress == (try tensor.reshaped([6])).denseAddress)
  }

  @Test func texts() throws {
    let tensor = try HostTensor(texts: ["a", "ü"], shape: [2])
    #expect(try tensor.elements() == .text(["a", "ü"]))
    #expect(tensor.storedByteCount == 2 * 16 + 3)
    #expect(throws: TensorError.self) { try tensor.reals() }
    #expect(throws: TensorError.self) { try HostTensor(texts: ["a"], shape: [2]) }
    #expect(throws: TensorError.self) { try tensor.converted(to: .float32) }
  }
}
