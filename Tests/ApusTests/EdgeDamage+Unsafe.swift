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

/// Arguments of `damageBorder`: one side of every image.
struct BorderDamage {
  var slot: UInt32
  var images: UInt32
  var rows: UInt32
  var columns: UInt32
  /// 0 top, 1 bottom, 2 left, 3 right.
  var side: UInt32
}

/// A kernel that makes one border of images wrong, where windows reach over padding.
func damageBorder(
  _ arguments: UnsafeRawPointer?, _ slots: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ chunk: UInt32, _ worker: UInt32
) {
  guard let damage = arguments?.assumingMemoryBound(to: BorderDamage.self).pointee,
    let images = slots?[Int(damage.slot)]?.assumingMemoryBound(to: Float.self)
  else { return }
  let (rows, columns) = (Int(damage.rows), Int(damage.columns))
  for image in 0..<Int(damage.images) {
    for position in 0..<(damage.side < 2 ? columns : rows) {
      let row = damage.side < 2 ? (damage.side == 0 ? 0 : rows - 1) : position
      let column = damage.side < 2 ? position : (damage.side == 2 ? 0 : columns - 1)
      let index = (image * rows + row) * columns + column
      images[index] = 2 * images[index] + 1
    }
  }
}
