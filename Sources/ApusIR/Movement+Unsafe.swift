package import ApusTensor

/// A tensor whose elements can be copied one by one, whatever their type is.
///
/// Elements narrower than a byte are spread to one byte each; a splat stays one element.
package struct MovementSource {
  package let element: ElementType
  fileprivate let storage: Storage?
  fileprivate let byteOffset: Int
  fileprivate let texts: [String]
  fileprivate let isSplat: Bool
  fileprivate let count: Int

  package init(_ tensor: HostTensor) throws(EvaluationError) {
    self.element = tensor.element
    var texts: [String] = []
    var offset = 0
    var splat = false
    var storage: Storage?
    switch tensor.content {
    case .texts(let strings): texts = strings
    case .dense(let dense, let byteOffset):
      storage = dense
      offset = byteOffset
    case .splat(let one):
      storage = one
      splat = true
    }
    let stored = splat ? min(tensor.count, 1) : tensor.count
    if let packed = storage, tensor.element.bitWidth < 8 {
      storage = try Self.spread(packed, offset, width: tensor.element.bitWidth, count: stored)
      offset = 0
    }
    self.storage = storage
    self.byteOffset = offset
    self.texts = texts
    self.isSplat = splat
    self.count = stored
  }

  private static func spread(
    _ storage: Storage, _ offset: Int, width: Int, count: Int
  ) throws(EvaluationError) -> Storage {
    let result: Storage
    do { result = try .uninitialized(byteCount: count) } catch { throw .tensor(error) }
    let packed = unsafe UnsafeRawBufferPointer(rebasing: storage.bytes[offset...])
    unsafe result.address.copyMemory(
      from: PackedBits.codes(packed, count: count, width: width), byteCount: count)
    return result
  }
}

/// Builds a tensor out of strided pieces of others without looking at the elements.
///
/// Offsets and strides count elements. Every piece is checked against both tensors' bounds. What no
/// piece covers is zero.
package struct TensorAssembler {
  package let element: ElementType
  package let shape: [Int]
  package let count: Int
  /// Bytes of an element while assembling; 0 for strings.
  private let unit: Int
  private let storage: Storage
  private var texts: [String] = []

  package init(_ element: ElementType, _ shape: [Int]) throws(EvaluationError) {
    self.element = element
    self.shape = shape
    guard let count = Array.product(shape) else {
      throw .tensor(.tooLarge(element: element, shape: shape))
    }
    self.count = count
    self.unit = (element.bitWidth + 7) / 8
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { throw .tensor(.tooLarge(element: element, shape: shape)) }
    do { self.storage = try .allocate(byteCount: bytes) } catch { throw .tensor(error) }
    if element == .string { texts = Array(repeating: "", count: count) }
  }

  /// Copies a box of elements from `source` into the tensor.
  package mutating func copy(
    _ extents: [Int], from source: MovementSource, at sourceStart: Int,
    strides sourceStrides: [Int],
    to start: Int, strides: [Int]
  ) throws(EvaluationError) {
    guard source.element == element, extents.count == sourceStrides.count,
      extents.count == strides.count
    else { throw .unsupported("a piece does not match the tensor it is copied to") }
    guard !extents.contains(0) else { return }
    let from = source.isSplat ? 0 : sourceStart
    let steps = source.isSplat ? Array(repeating: 0, count: extents.count) : sourceStrides
    guard Self.fits(extents, from, steps, source.count), Self.fits(extents, start, strides, count)
    else { throw .unsupported("a piece of \(extents) lies outside its tensor") }
    if element == .string {
      let targets = Offsets(shape: extents, strides: strides, start: start)
      for (read, write) in zip(Offsets(shape: extents, strides: steps, start: from), targets) {
        texts[write] = source.texts[read]
      }
      return
    }
    guard let bytes = source.storage else { return }
    var axes = Self.merged(extents, steps, strides)
    let inner = axes.popLast() ?? (1, 1, 1)
    let shape = axes.map(\.extent)
    let base = unsafe UnsafeRawPointer(bytes.address + source.byteOffset)
    var reads = Offsets(shape: shape, strides: axes.map(\.source), start: from)
    var writes = Offsets(shape: shape, strides: axes.map(\.target), start: start)
    while let read = reads.next(), let write = writes.next() {
      let from = unsafe base + read * unit
      let target = unsafe storage.address + write * unit
      if inner.source == 1 && inner.target == 1 {
        unsafe target.copyMemory(from: from, byteCount: inner.extent * unit)
      } else {
        switch unit {
        case 1: unsafe Self.move(UInt8.self, from, target, inner)
        case 2: unsafe Self.move(UInt16.self, from, target, inner)
        case 4: unsafe Self.move(UInt32.self, from, target, inner)
        case 8: unsafe Self.move(UInt64.self, from, target, inner)
        default: unsafe Self.move(SIMD2<UInt64>.self, from, target, inner)
        }
      }
    }
  }

  /// Copies consecutive elements.
  package mutating func copyRun(
    _ length: Int, from source: MovementSource, at sourceStart: Int, to start: Int
  ) throws(EvaluationError) {
    if element == .string || source.isSplat || source.element != element {
      return try copy(
        [length], from: source, at: sourceStart, strides: [1], to: start, strides: [1])
    }
    guard length >= 0, sourceStart >= 0, start >= 0, sourceStart <= source.count,
      start <= count, length <= source.count - sourceStart, length <= count - start
    else { throw .unsupported("a run of \(length) elements lies outside its tensor") }
    guard length > 0, let bytes = source.storage else { return }
    unsafe (storage.address + start * unit).copyMemory(
      from: bytes.address + source.byteOffset + sourceStart * unit, byteCount: length * unit)
  }

  /// The tensor in packed form.
  package consuming func finish() throws(EvaluationError) -> HostTensor {
    do {
      if element == .string { return try HostTensor(texts: texts, shape: shape) }
      let width = element.bitWidth
      guard width < 8 else { return try HostTensor(element, shape: shape, storage: storage) }
      let bytes = unsafe PackedBits.bytes(storage.bytes.prefix(count), width: width)
      return try HostTensor(element, shape: shape, bytes: bytes)
    } catch { throw .tensor(error) }
  }

  private typealias Axis = (extent: Int, source: Int, target: Int)

  /// The box with axes of length 1 dropped and neighbours joined that are contiguous on both sides.
  private static func merged(_ extents: [Int], _ source: [Int], _ target: [Int]) -> [Axis] {
    var axes: [Axis] = []
    for index in extents.indices where extents[index] != 1 {
      let axis: Axis = (extents[index], source[index], target[index])
      if let last = axes.last, last.source == axis.source * axis.extent,
        last.target == axis.target * axis.extent
      {
        axes[axes.count - 1] = (last.extent * axis.extent, axis.source, axis.target)
      } else {
        axes.append(axis)
      }
    }
    return axes
  }

  private static func move<Stored: BitwiseCopyable>(
    _ type: Stored.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ axis: Axis
  ) {
    let size = MemoryLayout<Stored>.size
    for index in 0..<axis.extent {
      let value = unsafe source.loadUnaligned(
        fromByteOffset: index * axis.source * size, as: Stored.self)
      unsafe target.storeBytes(of: value, toByteOffset: index * axis.target * size, as: Stored.self)
    }
  }

  /// Whether every offset of a non-empty box lies in 0 ..< count.
  private static func fits(_ extents: [Int], _ start: Int, _ strides: [Int], _ count: Int) -> Bool {
    var low = start
    var high = start
    for (extent, stride) in zip(extents, strides) {
      guard extent > 0 else { return false }
      let (span, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      guard !overflow else { return false }
      let sum = (span < 0 ? low : high).addingReportingOverflow(span)
      guard !sum.overflow else { return false }
      if span < 0 { low = sum.partialValue } else { high = sum.partialValue }
    }
    return low >= 0 && high < count
  }
}
