/// Arguments of `damageEdges`: the last column of every `tile`-th row of a matrix.
struct EdgeDamage {
  var slot: UInt32
  var rows: UInt32
  var columns: UInt32
  var tile: UInt32
}

/// A kernel that makes the elements at some tile edges wrong.
func damageEdges(
  _ arguments: UnsafeRawPointer?, _ slots: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ chunk: UInt32, _ worker: UInt32
) {
  guard let damage = arguments?.assumingMemoryBound(to: EdgeDamage.self).pointee,
    let matrix = slots?[Int(damage.slot)]?.assumingMemoryBound(to: Float.self), damage.tile > 0
  else { return }
  for row in stride(from: damage.tile - 1, to: damage.rows, by: Int(damage.tile)) {
    let index = Int(row) * Int(damage.columns) + Int(damage.columns) - 1
    matrix[index] = 2 * matrix[index] + 1
  }
}
