/// First segments by input shapes and the layout of a cache, the least recently used dropped first.
struct SegmentCache {
  struct Key: Hashable {
    var shapes: [[Int]]
    var layout: CacheLayout?
  }

  private var entries: [Key: (segment: Segment, lastUse: Int)] = [:]
  private var clock = 0
  /// The segment found or inserted last, the likeliest to resemble the next one.
  private(set) var latest: Segment?

  mutating func find(_ key: Key) -> Segment? {
    guard let segment = entries[key]?.segment else { return nil }
    clock += 1
    entries[key]?.lastUse = clock
    latest = segment
    return segment
  }

  mutating func insert(_ segment: Segment, for key: Key, limit: Int) {
    if entries.count >= max(limit, 1),
      let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      entries[oldest.key] = nil
    }
    clock += 1
    entries[key] = (segment, clock)
    latest = segment
  }
}
