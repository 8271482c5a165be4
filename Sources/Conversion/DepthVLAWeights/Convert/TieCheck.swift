public import DVLADiagnostics
import DVLAParallelism
import DVLARemapping
import DVLATensors

/// Compares the copies of tied tensors, so that no copy is dropped that has other values.
struct TieCheck {
  let sources: [any TensorSource]
  let quantizations: [SourceQuantization]
  let labels: [String]
  /// By source, what surrounds the names of its naming.
  let wrappings: [NameWrapping]
  let threads: Int
  let keepsUnused: Bool

  private static let blockByteCount = 4 << 20

  /// The plan with copies that turn out stale dropped for that reason.
  ///
  /// - Throws: `remap.tie` when copies differ that must be equal.
  func settle(_ plan: RemapPlan) throws(WeightsError) -> RemapPlan {
    var plan = plan
    for (position, entry) in plan.ledger.enumerated() {
      guard case .tied(let target, let primary, let mustEqual) = entry.fate else { continue }
      var difference = try firstDifference(entry.source, entry.tensor, primary)
      if difference == nil { difference = try differenceOfScales(entry, primary) }
      guard let difference else { continue }
      if mustEqual {
        throw WeightsError(
          .remapTie, file: labels[entry.source], tensor: entry.tensor.name.string,
          "is another name of \(primary.string.quoted) and must have the same bytes, but differs "
            + "from byte \(difference) on")
      }
      let bare = wrappings[entry.source].bare(entry.tensor.name) ?? entry.tensor.name
      let kept = keepsUnused ? TensorName(unusedPrefix + bare.string) : nil
      let reason =
        "stale copy of \(target): upstream reads \(primary.string.quoted) when both are there"
      plan.ledger[position].fate = .dropped(reason: reason, keptAs: kept)
      if let kept {
        plan.tensors.append(
          PlannedTensor(
            name: kept, shape: entry.tensor.shape,
            origin: .source(
              entry.source, inputs: [entry.tensor.name],
              transform: .identity(entry.tensor.shape), output: 0),
            unusedReason: reason))
      }
    }
    return plan
  }

  /// INT8 values say the same thing only with the same scales.
  private func differenceOfScales(
    _ entry: LedgerEntry, _ primary: TensorName
  ) throws(WeightsError) -> Int? {
    let scales = quantizations[entry.source].scales
    switch (scales[primary]?.info, scales[entry.tensor.name]?.info) {
    case (nil, nil): return nil
    case (let first?, let second?):
      return try firstDifference(entry.source, second, first.name)
    default: return 0
    }
  }

  private func firstDifference(
    _ index: Int, _ copy: TensorInfo, _ primary: TensorName
  ) throws(WeightsError) -> Int? {
    let source = sources[index]
    guard let info = source.info(of: primary), info.dtype == copy.dtype,
      info.byteCount == copy.byteCount
    else { return 0 }
    let size = Self.blockByteCount
    let blocks = (info.byteCount + size - 1) / size
    var difference: Int?
    try OrderedWork.run(
      items: blocks, threads: threads,
      makeScratch: { () throws(WeightsError) -> ([UInt8], [UInt8]) in
        ([UInt8](repeating: 0, count: size), [UInt8](repeating: 0, count: size))
      },
      work: { (block, scratch) throws(WeightsError) -> Int? in
        let start = block * size
        let count = min(size, info.byteCount - start)
        try Self.read(source, primary, start, count, &scratch.0)
        try Self.read(source, copy.name, start, count, &scratch.1)
        guard scratch.0[..<count] != scratch.1[..<count] else { return nil }
        return zip(scratch.0, scratch.1).enumerated().first { $0.1.0 != $0.1.1 }.map {
          start + $0.0
        }
      },
      consume: { (_, found) throws(WeightsError) in difference = difference ?? found })
    return difference
  }

  private static func read(
    _ source: any TensorSource, _ name: TensorName, _ start: Int, _ count: Int,
    _ buffer: inout [UInt8]
  ) throws(WeightsError) {
    try buffer.withBytes(count) { (bytes) throws(WeightsError) in
      try source.read(name, at: start, into: &bytes)
    }
  }
}

extension WeightsError.Code {
  /// Two names of one tensor hold different values.
  public static let remapTie = Self("remap.tie")
}
