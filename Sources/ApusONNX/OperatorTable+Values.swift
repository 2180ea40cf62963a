/// Control flow, sequences and optionals.
extension OperatorTable {
  static let values: [OperatorImporter] = [
    .init("ConcatFromSequence", since: 11, Containers.concat),
    .init("If", ControlFlow.branch),
    .init("Loop", ControlFlow.loop),
    .init("Optional", since: 15, Containers.optional),
    .init("OptionalGetElement", since: 15, Containers.get),
    .init("OptionalHasElement", since: 15, Containers.has),
    .init("Scan", since: 8, ControlFlow.scan),
    .init("SequenceAt", since: 11, Containers.at),
    .init("SequenceConstruct", since: 11, Containers.construct),
    .init("SequenceEmpty", since: 11, Containers.empty),
    .init("SequenceErase", since: 11, Containers.erase),
    .init("SequenceInsert", since: 11, Containers.insert),
    .init("SequenceLength", since: 11, Containers.length),
    .init("SequenceMap", since: 17, ControlFlow.map),
    .init("SplitToSequence", since: 11, Containers.split),
  ]
}
