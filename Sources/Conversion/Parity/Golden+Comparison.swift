import DVLADiagnostics
import DVLATensors

extension Golden {
  /// Compares our values with recorded ones of the same shape, in blocks.
  ///
  /// - Parameters:
  ///   - validRows: of a value [B, S, ...], which of the B S rows carry meaning; nil for all.
  ///   - upstream: upstream's own float32 values.
  /// - Throws: `golden.empty` when no row carries meaning; what reading throws.
  /// - Precondition: the shapes are equal, and there are as many rows as the shape says.
  func compare(
    _ ours: Tensor, validRows: [Bool]?, with reference: TensorInfo, upstream: TensorInfo?,
    limits: StageLimits
  ) throws(WeightsError) -> StageComparison.Outcome {
    precondition(ours.shape == reference.shape, "equal shapes")
    var sums = StageSums(hasUpstream: upstream != nil)
    var reader = ElementReader(reference, in: file)
    var upstreamReader = upstream.map { ElementReader($0, in: file) }
    var recorded: [Double] = []
    var own: [Double] = []
    for run in ours.shape.runs(ofValidRows: validRows) {
      for block in run.blocks {
        try reader.read(block, into: &recorded)
        try upstreamReader?.read(block, into: &own)
        sums.add(ours.values.span, from: block.lowerBound, recorded, own)
      }
    }
    if let element = sums.firstNonFinite {
      return .nonFinite(StageErrors.Element(element, ours.shape))
    }
    guard sums.count > 0 else {
      throw WeightsError(
        .goldenEmpty, file: path, tensor: reference.name.string,
        "all its rows are padding: there is nothing to compare")
    }
    let errors = StageErrors(sums, shape: ours.shape)
    return .compared(errors, exceeded: limits.exceeded(by: errors))
  }
}

extension Shape {
  /// The elements of the rows that carry meaning, as ranges that do not touch.
  ///
  /// - Precondition: the shape is [B, S, ...] and there are B S rows.
  func runs(ofValidRows validRows: [Bool]?) -> [Range<Int>] {
    guard let validRows else { return [0..<elementCount] }
    precondition(rank >= 2 && validRows.count == self[0] * self[1], "a flag for each row")
    guard !validRows.isEmpty else { return [] }
    let width = elementCount / validRows.count
    var runs: [Range<Int>] = []
    var start: Int?
    for (row, isValid) in validRows.enumerated() {
      if isValid { start = start ?? row }
      if let first = start, !isValid || row == validRows.count - 1 {
        runs.append(first * width..<(isValid ? row + 1 : row) * width)
        start = nil
      }
    }
    return runs
  }
}
