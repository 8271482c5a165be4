import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// Plans a checkpoint as the source had it: its naming, types, ties and files.
struct SourcePlanner {
  let common: CheckpointPlanner
  /// A note names no more tensors than this.
  private static let shownNameCount = 8

  /// - Throws: `export.family` when it is not clear or not there which source is meant,
  ///   `export.incomplete` when the bundle holds only part of it.
  func plan() throws(WeightsError) -> ExportPlan {
    let source = try chosenSource()
    let manifest = try common.library.naming(source.naming, of: source.family)
    guard !source.ledger.contains(where: { $0.notTaken != nil }) else {
      let parts = Set(source.ledger.compactMap(\.notTaken)).sorted().joined(separator: ", ")
      throw WeightsError(
        .exportIncomplete,
        "\(parts) of the \(source.family) source is not in the bundle, so the source cannot be "
          + "written back", remedies: [.chooseNaming(dtypes: [])])
    }
    let live = Set(
      source.ledger.filter { $0.dropped == nil }.compactMap { source.wrapping.bare($0.info.name) })
    let planner = try common.exportPlanner()
    let made = try planner.plan(manifest) { live.contains($0) }
    // What the bundle does not keep, as the naming's library writes it: tied, or zeros.
    let usual = try planner.plan(manifest)
    let usualByName = Dictionary(
      usual.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    // By the naming's own names; the ledger has what the source wrapped around them.
    let byName = Dictionary(made.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var result = ExportPlan(
      family: source.family, naming: source.naming, tensors: [], files: [],
      config: source.config, hasIndex: source.files.count > 1)
    result.notes += PositionNotes(planner.configuration(of: source.family), as: manifest).notes
    for file in source.files {
      var name = file.name
      if !Self.isNameOfWeights(name) {
        guard source.files.count == 1 else {
          throw WeightsError(
            .bundleRecord, "expected names of safetensors files, found \(name.quoted)")
        }
        name = "model.safetensors"
        result.notes.append(
          "model.safetensors was called \(file.name.quoted), which is not the name of a safetensors "
            + "file")
      }
      result.files.append(ExportPlan.File(name: name, metadata: file.metadata))
    }
    var left: [TensorName] = []
    var replaced: [TensorName] = []
    for entry in source.ledger {
      let bare = source.wrapping.bare(entry.info.name)
      var found = try tensor(entry, bare, byName, &result.dequantizedCount)
      if found == nil, let usual = bare.flatMap({ usualByName[$0] }),
        entry.info.dtype.isConvertibleFloat
      {
        found = try common.exported(
          usual, dtype: entry.info.dtype, dequantized: &result.dequantizedCount)
        replaced.append(entry.info.name)
      }
      guard let tensor = found else {
        left.append(entry.info.name)
        continue
      }
      guard tensor.info.shape == entry.info.shape else {
        throw WeightsError(
          .exportIncomplete, tensor: entry.info.name.string,
          "would be \(tensor.info.shape), the source had \(entry.info.shape)")
      }
      result.tensors.append(
        ExportPlan.Tensor(info: tensor.info, content: tensor.content, file: entry.file))
    }
    if !replaced.isEmpty {
      result.notes.append(
        "no output depends on these tensors and the bundle does not keep them, so they are written "
          + "as \(manifest.label) usually has them, a copy of the tensor they are tied to or zeros: "
          + Self.shown(replaced))
    }
    if !left.isEmpty {
      result.notes.append("left out, because the bundle does not keep them: " + Self.shown(left))
    }
    if result.dequantizedCount > 0 {
      result.notes.append(
        "\(result.dequantizedCount) INT8 tensors written as floats, their quantization applied")
    }
    return result
  }

  private static func shown(_ tensors: [TensorName]) -> String {
    let names = tensors.folded()
    let shown = names.prefix(shownNameCount).map(\.escapedForTerminal)
    return shown.joined(separator: ", ")
      + (names.count > shown.count ? ", … (\(tensors.count) tensors)" : "")
  }

  /// The names come from the bundle, which may come from anywhere: none may be a file that a
  /// program or a shell acts on, or steer a terminal.
  private static func isNameOfWeights(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.hasPrefix(".") && !name.hasPrefix("-")
      && name.escapedForTerminal == name
  }

  private func tensor(
    _ entry: BundleRecord.Entry, _ bare: TensorName?, _ byName: [TensorName: ExportTensor],
    _ dequantized: inout Int
  ) throws(WeightsError) -> ExportPlan.Tensor? {
    if let kept = entry.keptAs {
      guard let info = common.bundle.info(of: kept), info.shape == entry.info.shape,
        ElementCast.isPossible(from: info.dtype, to: entry.info.dtype)
      else {
        throw WeightsError(
          .exportIncomplete, tensor: kept.string,
          "the ledger says that the bundle keeps it, and the bundle has no such tensor")
      }
      return ExportPlan.Tensor(
        info: entry.info,
        content: .moved(inputs: [kept], transform: .identity(info.shape), output: 0), file: 0)
    }
    guard entry.dropped == nil else { return nil }
    if let given = try givenInt8(entry, bare, byName) { return given }
    guard let tensor = bare.flatMap({ byName[$0] }) else {
      throw WeightsError(
        .exportIncomplete, tensor: entry.info.name.string,
        "the source had it, and it cannot be made from the bundle")
    }
    let named = ExportTensor(name: entry.info.name, shape: tensor.shape, content: tensor.content)
    return try common.exported(
      named, dtype: entry.info.dtype.isConvertibleFloat ? entry.info.dtype : nil,
      dequantized: &dequantized)
  }

  /// INT8 values, or their scales, of a source that had them.
  ///
  /// - Parameter bare: the tensor's name without what the source wrapped around it.
  /// - Throws: `export.incomplete` where the bundle holds floats in their place.
  private func givenInt8(
    _ entry: BundleRecord.Entry, _ bare: TensorName?, _ byName: [TensorName: ExportTensor]
  ) throws(WeightsError) -> ExportPlan.Tensor? {
    guard let bare else { return nil }
    let isScale = byName[bare] == nil
    guard let name = isScale ? bare.valuesOfScales : bare, isScale || entry.info.dtype == .i8,
      case .transformed(let inputs, let transform, let output)? = byName[name]?.content
    else { return nil }
    let stored = inputs.compactMap { common.source.quantized[$0]?.scales }
    guard stored.count == inputs.count,
      let moved = try transform.ofRows(stored.map(\.shape))
    else {
      throw WeightsError(
        .exportIncomplete, tensor: name.string,
        "was INT8 in the source, and the bundle holds floats in its place",
        remedies: [.chooseNaming(dtypes: [])])
    }
    return ExportPlan.Tensor(
      info: entry.info,
      content: isScale
        ? .moved(inputs: stored.map(\.name), transform: moved, output: output)
        : .moved(inputs: inputs, transform: transform, output: output), file: 0)
  }

  private func chosenSource() throws(WeightsError) -> BundleRecord.Source {
    let sources = try BundleRecord(common.bundle).sources
    let wanted = common.options.family
    let found = sources.filter { wanted == nil || $0.family == wanted }
    guard found.count == 1, let source = found.first else {
      let families = found.map(\.family)
      let all = sources.map(\.family).joined(separator: " and ")
      throw WeightsError(
        .exportFamily, .usage,
        found.isEmpty
          ? "was not made from a \(wanted.map { $0 + " " } ?? "")checkpoint"
            + (all.isEmpty ? "" : "; it was made from \(all)")
          : "was made from \(families.joined(separator: " and "))",
        remedies: found.isEmpty ? [] : [.chooseFamily(families)])
    }
    return source
  }
}
