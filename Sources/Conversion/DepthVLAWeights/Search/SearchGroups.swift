import DVLADiagnostics
import DVLAParallelism
import DVLAPrecisionSearch
import DVLAQuantization
import DVLATensors

/// The groups of a conversion whose precision is chosen, with what each could be.
struct SearchGroups {
  let groups: [SearchGroup]

  /// - Parameters:
  ///   - plan: at source precision.
  ///   - measurement: what a precision costs.
  /// - Throws: `search.nothing` where there is no such group; what measuring throws.
  init(
    _ conversion: Conversion, _ plan: ConversionPlan, _ measurement: OptionMeasurement
  ) throws(WeightsError) {
    var members: [LayerGroup: [StoredTensor]] = [:]
    var order: [LayerGroup] = []
    let preset = Recipe.preset(.int8)
    for tensor in plan.tensors {
      guard let group = LayerGroup(tensor.info.name), Self.isChoosable(tensor, preset) else {
        continue
      }
      if members[group] == nil { order.append(group) }
      members[group, default: []].append(tensor)
    }
    guard !order.isEmpty else {
      throw WeightsError(
        .searchNothing, .usage,
        "there is no matrix of a layer whose precision could be chosen; expected float weights")
    }
    let tensors = order.flatMap { group in
      let own = members[group] ?? []
      let precisions = measurement.precisions(own)
      return own.map { (tensor: $0, precisions: precisions) }
    }
    let readers = try conversion.readers(of: plan)
    var measured: [TensorName: [SearchOption]] = [:]
    try OrderedWork.run(
      items: tensors.count, threads: conversion.options.threads, makeScratch: {},
      work: { (index, _) throws(WeightsError) -> [SearchOption] in
        let (tensor, precisions) = tensors[index]
        do throws(WeightsError) {
          return try measurement.measure(
            tensor, as: precisions, from: try readers.reader(for: tensor.planned))
        } catch { throw error.inTensor(tensor.info.name.string) }
      },
      consume: { (index, options) throws(WeightsError) in
        measured[tensors[index].tensor.info.name] = options
      })
    groups = order.map { group in
      let names = (members[group] ?? []).map(\.info.name)
      return SearchGroup(
        name: group.name, kind: group.kind, tensors: names,
        options: Self.options(names.compactMap { measured[$0] }))
    }
  }

  /// Whether it is one of the matrices that `--precision int8` quantizes.
  static func isChoosable(_ tensor: StoredTensor, _ preset: Recipe) -> Bool {
    guard case .values = tensor.content, tensor.info.shape.rank == 2,
      tensor.info.shape.elementCount > 0, tensor.info.shape[1] <= Int8Quantizer.columnLimit,
      case .int8 = preset.precision(
        for: tensor.info.name, shape: tensor.info.shape, dtype: tensor.info.dtype)
    else { return false }
    return true
  }

  /// The names of all such matrices.
  static func choosable(_ plan: ConversionPlan) -> Set<TensorName> {
    let preset = Recipe.preset(.int8)
    return Set(
      plan.tensors.filter { LayerGroup($0.info.name) != nil && isChoosable($0, preset) }
        .map(\.info.name))
  }

  /// The options of a group: of those with scales chosen in two ways, the better one.
  private static func options(_ tensors: [[SearchOption]]) -> [SearchOption] {
    guard let first = tensors.first else { return [] }
    let sums = first.indices.map { index in
      SearchOption(
        first[index].precision,
        byteCount: tensors.reduce(0) { $0 + $1[index].byteCount },
        error: tensors.reduce(0) { $0 + $1[index].error })
    }
    var best: [SearchOption] = []
    for option in sums {
      if let place = best.firstIndex(where: { $0.isSibling(of: option) }) {
        if option.error < best[place].error { best[place] = option }
      } else {
        best.append(option)
      }
    }
    return best
  }
}

extension SearchOption {
  /// Whether both differ in nothing but how a scale is chosen.
  fileprivate func isSibling(of other: SearchOption) -> Bool {
    guard case .int8(let a) = precision, case .int8(let b) = other.precision else { return false }
    return a.granularity == b.granularity && a.levels == b.levels
  }
}

extension WeightsError.Code {
  /// There is nothing whose precision a search could choose.
  public static let searchNothing = Self("search.nothing")
}
