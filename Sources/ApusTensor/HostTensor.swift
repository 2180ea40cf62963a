/// A tensor in host memory: dense, row-major, packed elements.
///
/// Copies share storage. Strings live beside the bytes. A splat stores one element for any shape,
/// so that folding `ConstantOfShape` or broadcasting a scalar costs nothing.
package struct HostTensor: Sendable {
  package let element: ElementType
  package let shape: [Int]
  package let content: Content

  package enum Content: Sendable {
    /// `byteOffset` into storage, at least the packed size behind it.
    case dense(Storage, byteOffset: Int)
    /// One packed element, repeated.
    case splat(Storage)
    case texts([String])
  }

  private init(_ element: ElementType, _ shape: [Int], _ content: Content) {
    self.element = element
    self.shape = shape
    self.content = content
  }

  /// The packed size of a shape, checked.
  package static func byteCount(
    _ element: ElementType, _ shape: [Int]
  ) throws(TensorError) -> Int {
    guard let count = Array.product(shape), let bytes = element.byteCount(of: count) else {
      throw .tooLarge(element: element, shape: shape)
    }
    return bytes
  }

  /// Views `storage` from `byteOffset` on; the bytes must suffice.
  package init(
    _ element: ElementType, shape: [Int], storage: Storage, byteOffset: Int = 0
  ) throws(TensorError) {
    let needed = try Self.byteCount(element, shape)
    guard element != .string else { throw .unsupportedElement(element, operation: "raw storage") }
    guard byteOffset >= 0, byteOffset <= storage.byteCount,
      storage.byteCount - byteOffset >= needed
    else {
      throw .sizeMismatch(
        element: element, shape: shape, expectedBytes: needed,
        foundBytes: max(0, storage.byteCount - byteOffset))
    }
    self.init(element, shape, .dense(storage, byteOffset: byteOffset))
  }

  /// A zero-filled tensor (empty strings).
  package init(zeros element: ElementType, shape: [Int]) throws(TensorError) {
    let bytes = try Self.byteCount(element, shape)
    if element == .string {
      let count = Array.product(shape) ?? 0
      try Storage.require(count, of: MemoryLayout<String>.stride)
      self.init(element, shape, .texts(Array(repeating: "", count: count)))
    } else {
      self.init(element, shape, .dense(try Storage.allocate(byteCount: bytes), byteOffset: 0))
    }
  }

  package init(texts: [String], shape: [Int]) throws(TensorError) {
    guard Array.product(shape) == texts.count else {
      throw .elementCount(expected: Array.product(shape) ?? -1, found: texts.count)
    }
    self.init(.string, shape, .texts(texts))
  }

  /// `shape` filled with the only element of `scalar`.
  package init(splat scalar: HostTensor, shape: [Int]) throws(TensorError) {
    guard scalar.count == 1 else { throw .elementCount(expected: 1, found: scalar.count) }
    guard let count = Array.product(shape) else {
      throw .tooLarge(element: scalar.element, shape: shape)
    }
    _ = try Self.byteCount(scalar.element, shape)
    switch scalar.content {
    case .texts(let texts):
      try Storage.require(count, of: MemoryLayout<String>.stride)
      self.init(.string, shape, .texts(Array(repeating: texts[0], count: count)))
    case .splat(let storage): self.init(scalar.element, shape, .splat(storage))
    case .dense(let storage, 0): self.init(scalar.element, shape, .splat(storage))
    case .dense:
      let copy = try scalar.copied()
      guard case .dense(let storage, _) = copy.content else {
        throw .elementCount(expected: 1, found: 0)
      }
      self.init(scalar.element, shape, .splat(storage))
    }
  }

  package var count: Int { Array.product(shape) ?? 0 }
  package var rank: Int { shape.count }
  package var type: TensorType { TensorType(element, fixed: shape) }
  package var byteCount: Int { element.byteCount(of: count) ?? 0 }

  /// Whether the elements lie in memory that belongs to `owner`.
  package func isBorrowed(from owner: AnyObject) -> Bool {
    switch content {
    case .dense(let storage, _), .splat(let storage): storage.isBorrowed(from: owner)
    case .texts: false
    }
  }

  package var isSplat: Bool { if case .splat = content { true } else { false } }

  /// Bytes of memory the tensor really occupies.
  package var storedByteCount: Int {
    switch content {
    case .dense: byteCount
    case .splat(let storage): storage.byteCount
    case .texts(let texts):
      texts.reduce(texts.count * MemoryLayout<String>.stride) { $0 &+ $1.utf8.count }
    }
  }

  /// The same elements under another shape of equal count.
  package func reshaped(_ shape: [Int]) throws(TensorError) -> HostTensor {
    guard let count = Array.product(shape), count == self.count else {
      throw .elementCount(expected: self.count, found: Array.product(shape) ?? -1)
    }
    return HostTensor(element, shape, content)
  }
}

extension HostTensor: CustomStringConvertible {
  package var description: String { "\(element.name)\(shape)" }
}
