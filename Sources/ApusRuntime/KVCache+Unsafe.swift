internal import ApusIR
package import ApusTensor
internal import Synchronization

/// The past of one sequence (or batch of sequences) of a decoder, kept between runs.
///
/// For every pair of a past input and the output that extends it the cache owns one buffer, laid out
/// as the input with room for `capacity` positions along its axis. Runs append in place; readers see
/// the filled part through strides. One session at a time may run with a cache; which one does not
/// matter.
package final class KVCache: @unchecked Sendable {
  /// Positions that the cache grows to at most.
  package let maximum: Int
  let engine: Engine
  private let isBusy = Atomic<Bool>(false)
  private let filled = Atomic<Int>(0)
  private let room: Atomic<Int>
  // Touched only by the holder of `isBusy`.
  private var buffers: [Storage] = []
  private var shapes: [[Int]] = []

  /// `capacity` positions at first; where `maximum` is more, a run that needs more room doubles it.
  /// Memory is taken at the first run, which tells the batch size.
  package init(engine: Engine, capacity: Int, maximum: Int? = nil) throws(RuntimeError) {
    let maximum = maximum ?? capacity
    guard !engine.cachePairs.isEmpty else { throw .cache(.unsupported) }
    guard capacity > 0, maximum >= capacity else {
      throw .cache(.invalidCapacity(capacity, maximum: maximum))
    }
    self.engine = engine
    self.maximum = maximum
    self.room = Atomic(capacity)
  }

  /// Positions held.
  package var length: Int { filled.load(ordering: .acquiring) }

  /// Positions that fit before the cache has to grow.
  package var capacity: Int { room.load(ordering: .acquiring) }

  /// Bytes of memory held.
  package func byteCount() throws(RuntimeError) -> Int {
    try acquire()
    defer { release() }
    return buffers.reduce(0) { $0 + $1.byteCount }
  }

  /// Forgets all positions; the next run may have another batch size.
  package func reset() throws(RuntimeError) { try truncate(to: 0) }

  /// Forgets the positions from `length` on, such as drafts that were not accepted.
  package func truncate(to length: Int) throws(RuntimeError) {
    try acquire()
    defer { release() }
    guard length >= 0, length <= self.length else {
      throw .cache(.truncation(to: length, length: self.length))
    }
    filled.store(length, ordering: .releasing)
  }

  /// Dense copies of what is held, by input name: what an ordinary run takes as past.
  package func contents() throws(RuntimeError) -> [String: HostTensor] {
    try acquire()
    defer { release() }
    var result: [String: HostTensor] = [:]
    for (index, pair) in engine.cachePairs.enumerated() where index < buffers.count {
      var shape = shapes[index]
      shape[pair.axis] = length
      do throws(TensorError) {
        result[pair.input] = unsafe try HostTensor(
          pair.type.element, shape: shape, gathering: buffers[index].address,
          strides: rowMajorStrides(roomy(index)))
      } catch { throw .tensor(error) }
    }
    return result
  }

  // MARK: For sessions

  func acquire() throws(RuntimeError) {
    let (exchanged, _) = isBusy.compareExchange(
      expected: false, desired: true, ordering: .acquiringAndReleasing)
    guard exchanged else { throw .cache(.inUse) }
  }

  func release() { isBusy.store(false, ordering: .releasing) }

  func commit(length: Int) { filled.store(length, ordering: .releasing) }

  func address(_ pair: Int) -> UnsafeMutableRawPointer { unsafe buffers[pair].address }

  /// Strides of a pair's buffer, in elements.
  func strides(_ pair: Int) -> [Int] { rowMajorStrides(roomy(pair)) }

  /// Makes room for pasts of the given shapes (the extent along the axis does not matter) and
  /// `needed` positions.
  func reserve(_ wanted: [[Int]], needed: Int) throws(RuntimeError) {
    guard needed <= maximum else { throw .cache(.capacity(needed: needed, maximum: maximum)) }
    var wanted = wanted
    for (index, pair) in engine.cachePairs.enumerated() { wanted[index][pair.axis] = length }
    let fits = !buffers.isEmpty && wanted.indices.allSatisfy { agrees(shapes[$0], wanted[$0], $0) }
    if !fits, length > 0 {
      for (index, pair) in engine.cachePairs.enumerated() {
        var found = shapes[index]
        found[pair.axis] = length
        guard found == wanted[index] else {
          throw .cache(.shape(input: pair.input, expected: wanted[index], found: found))
        }
      }
    }
    if fits, needed <= capacity { return }
    var larger = capacity
    while larger < needed { larger = larger > maximum / 2 ? maximum : larger * 2 }
    var storages: [Storage] = []
    for (index, pair) in engine.cachePairs.enumerated() {
      var shape = wanted[index]
      shape[pair.axis] = larger
      do throws(TensorError) {
        storages.append(
          try Storage.uninitialized(
            byteCount: try HostTensor.byteCount(pair.type.element, shape)))
      } catch { throw .tensor(error) }
      if length > 0 { move(index, to: storages[index], capacity: larger) }
    }
    buffers = storages
    shapes = wanted
    room.store(larger, ordering: .releasing)
  }

  private func agrees(_ left: [Int], _ right: [Int], _ pair: Int) -> Bool {
    let axis = engine.cachePairs[pair].axis
    return left.count == right.count
      && left.indices.allSatisfy { $0 == axis || left[$0] == right[$0] }
  }

  private func roomy(_ pair: Int) -> [Int] {
    var shape = shapes[pair]
    shape[engine.cachePairs[pair].axis] = capacity
    return shape
  }

  private func move(_ index: Int, to target: Storage, capacity larger: Int) {
    let pair = engine.cachePairs[index]
    let shape = shapes[index]
    let outer = shape[..<pair.axis].reduce(1, *)
    let row = shape[(pair.axis + 1)...].reduce(1, *) * (pair.type.element.bitWidth / 8)
    for block in 0..<outer {
      unsafe (target.address + block * larger * row).copyMemory(
        from: buffers[index].address + block * capacity * row, byteCount: length * row)
    }
  }
}
