internal import ApusTensor

/// Results of operators that make a grid of each region of an image, channel by channel.
enum RegionGrids {
  /// [regions, channels, rows, columns] of the data's element type.
  static func fact(_ data: Fact, _ regions: Fact, rows: Int, columns: Int) -> Fact {
    Fact(
      data.element,
      [
        regions.type.extents?[0] ?? .unknown, data.type.extents?[1] ?? .unknown, .fixed(rows),
        .fixed(columns),
      ])
  }
}
