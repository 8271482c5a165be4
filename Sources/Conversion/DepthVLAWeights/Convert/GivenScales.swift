public import DVLADiagnostics
import DVLAQuantization
import DVLARemapping
import DVLASafetensors
import DVLATensors

/// A source with its INT8 tensors.
struct QuantizedSource: Sendable {
  let checkpoint: Checkpoint
  let quantization: SourceQuantization

  init(_ source: ImportedSource) {
    checkpoint = source.checkpoint
    quantization = source.quantization
  }
}

/// What becomes of the tensors that are INT8 in a source: values and scales as they are, or floats.
struct GivenScales {
  enum Fate {
    case isFloat
    /// - scales: made as the values are. `from`: their type in the source. `dtype`: in the bundle.
    case stays(Int8Scheme.Granularity, scales: PlannedTensor, from: DType, dtype: DType)
    /// Values times scales, in the type of the scales.
    case becomesFloat(DType)
  }

  private let sources: [QuantizedSource]
  private let recipe: Recipe

  init(_ sources: [QuantizedSource], recipe: Recipe) {
    self.sources = sources
    self.recipe = recipe
  }

  /// - Throws: `quantization.operation` where values cannot be moved as their manifest says;
  ///   `quantization.mixed` where INT8 and floats become one tensor; `recipe.precision` where the
  ///   recipe wants other groups; what reading scales throws.
  func fate(of planned: PlannedTensor) throws(WeightsError) -> Fate {
    guard case .source(let index, let inputs, let transform, let output) = planned.origin,
      !sources[index].quantization.scales.isEmpty
    else { return .isFloat }
    let (checkpoint, quantization) = (sources[index].checkpoint, sources[index].quantization)
    let scales = inputs.compactMap { quantization.scales[$0] }
    guard let first = scales.first else { return .isFloat }
    guard scales.count == inputs.count,
      scales.allSatisfy({
        $0.granularity == first.granularity && $0.info.dtype == first.info.dtype
      })
    else {
      throw WeightsError(
        .quantizationMixed, file: checkpoint.path, tensor: planned.name.string,
        "is made of \(inputs.map(\.string.quoted).joined(separator: ", ")), which are quantized "
          + "differently: expected all of them in INT8 with scales of one type and size")
    }
    guard try keepsInt8(planned, first) else { return .becomesFloat(first.info.dtype) }
    guard let moved = try transform.ofRows(scales.map(\.info.shape)) else {
      throw WeightsError(
        .quantizationOperation, file: checkpoint.path, tensor: inputs[0].string,
        "is INT8 with scales for its rows; converting it to \(planned.name.string.quoted) reorders its "
          + "elements, so its row scales would no longer fit",
        remedies: [.choosePrecision(["bf16", "f32"])])
    }
    var areBF16 = true
    for scale in scales where areBF16 {
      areBF16 = try SourceQuantization.isBF16(scale.info, in: checkpoint)
    }
    let origin = PlannedTensor(
      name: planned.name.scales, shape: moved.outputs[output],
      origin: .source(
        index, inputs: scales.map(\.info.name), transform: moved, output: output),
      unusedReason: planned.unusedReason)
    return .stays(
      first.granularity, scales: origin, from: first.info.dtype, dtype: areBF16 ? .bf16 : .f32)
  }

  private func keepsInt8(
    _ planned: PlannedTensor, _ scales: SourceQuantization.Scales
  ) throws(WeightsError) -> Bool {
    // The preset is about floats; what is INT8 already keeps all that it came with.
    if planned.name.string.hasPrefix(unusedPrefix) || recipe == .preset(.int8) { return true }
    switch recipe.precision(for: planned.name, shape: planned.shape, dtype: scales.info.dtype) {
    case .source: return true
    case .f32, .bf16: return false
    case .int8(let scheme):
      guard scheme.granularity == .channel || scheme.granularity == scales.granularity else {
        throw WeightsError(
          .recipePrecision, tensor: planned.name.string,
          "is INT8 in the source, with scales for \(scales.granularity.words), and the recipe asks "
            + "for \(scheme.granularity.words); expected \"source\", or floats from a source that "
            + "is not quantized")
      }
      return true
    }
  }

  /// The plan with the scales in its ledger, beside their values.
  func completed(_ plan: RemapPlan) -> RemapPlan {
    guard sources.contains(where: { !$0.quantization.scales.isEmpty }) else { return plan }
    var plan = plan
    plan.ledger = plan.ledger.flatMap { entry -> [LedgerEntry] in
      let quantization = sources[entry.source].quantization
      guard let scales = quantization.scales[entry.tensor.name] else { return [entry] }
      var copy = entry
      copy.tensor = scales.info
      switch entry.fate {
      case .used(let names): copy.fate = .used(names.map(\.scales))
      case .tied(let target, let primary, let mustEqual):
        copy.fate = .tied(
          to: target.scales, primary: primary.scales, mustEqual: mustEqual)
      case .dropped(let reason, let kept):
        copy.fate = .dropped(reason: reason, keptAs: kept.map(\.scales))
      case .notTaken: break
      }
      return [entry, copy]
    }
    return plan
  }
}

extension WeightsError.Code {
  /// INT8 whose elements a manifest reorders, so that scales no longer belong to rows.
  public static let quantizationOperation = Self("quantization.operation")
  /// INT8 and floats, or INT8 of two kinds, that become one tensor.
  public static let quantizationMixed = Self("quantization.mixed")
}
