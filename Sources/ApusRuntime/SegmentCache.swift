/// First segments by input shapes, the least recently used dropped first.
struct SegmentCache {
  private var entries: [[[Int]]: (segment: Segment, lastUse: Int)] = [:]
  private var clock = 0

  mutating func find(_ shapes: [[Int]]) -> Segment? {
    guard let segment = entries[shapes]?.segment else { return nil }
    clock += 1
    entries[shapes]?.lastUse = clock
    return segment
  }

  mutating func insert(_ segment: Segment, for shapes: [[Int]], limit: Int) {
    if entries.count >= max(limit, 1),
      let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      entries[oldest.key] = nil
    }
    clock += 1
    entries[shapes] = (segment, clock)
  }
}
