internal import ApusIR
internal import ApusTensor

/// LinearAttention: the rule names say which gates there are.
enum LinearAttentionImport {
  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...6)
    // How an implementation may cut the sequence does not change the result.
    attributes.ignore("chunk_size")
    let gates: (decays: Bool, corrects: Bool) = try attributes.choice(
      "update_rule", default: (true, true),
      [
        ("linear", (false, false)), ("gated", (true, false)), ("delta", (false, true)),
        ("gated_delta", (true, true)),
      ])
    guard let heads = try attributes.integer("q_num_heads"),
      let shared = try attributes.integer("kv_num_heads")
    else { throw .invalid("it is required", .attribute("q_num_heads")) }
    for (index, name, wanted) in [(4, "decay", gates.decays), (5, "beta", gates.corrects)]
    where (context.optional(index) != nil) != wanted {
      throw .invalid(
        wanted ? "the update rule needs it" : "the update rule has no use for it", .operand(name))
    }
    let scale = try attributes.real("scale", default: 0)
    let query = try context.operand(0, "query")
    let operation = LinearAttention(
      queryHeads: heads, keyHeads: shared, scale: scale == 0 ? nil : scale)
    return try context.add(
      operation,
      [
        query, try context.operand(1, "key"), try context.operand(2, "value"),
        context.optional(3), context.optional(4), context.optional(5),
      ])
  }
}
