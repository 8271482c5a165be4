import DVLADiagnostics
import DVLATensors

/// The state of an ``ExportPlanner``: applies rules backwards, one application at a time.
struct ExportDraft {
  typealias Holding = (name: TensorName, shape: Shape)

  let manifest: NamingManifest
  let configuration: Configuration
  let isWanted: ((TensorName) -> Bool)?
  let allTiedNames: Bool
  /// The bundle's tensors by their names in the manifest's layout.
  var holdings: [TensorName: Holding] = [:]
  /// The tensors that the bundle keeps for round trips, by the name after `unused.`.
  var kept: [String: Holding] = [:]

  private(set) var result: [ExportTensor] = []
  /// Layout tensors that no rule has a name for.
  private(set) var unnamed: [TensorName] = []
  private var done: Set<InstanceKey> = []
  private let makers: RuleIndex

  init(
    manifest: NamingManifest, configuration: Configuration,
    isWanted: ((TensorName) -> Bool)?, allTiedNames: Bool
  ) {
    self.manifest = manifest
    self.configuration = configuration
    self.isWanted = isWanted
    self.allTiedNames = allTiedNames
    makers = RuleIndex(manifest.rules, by: \.targets)
  }

  /// Writes the checkpoint tensors that the layout tensor is part of, once.
  mutating func write(_ local: TensorName) throws(WeightsError) {
    guard let hit = try makers.hit(NameComponents(local)) else {
      unnamed.append(local)
      return
    }
    let key = InstanceKey(rule: hit.rule, bindings: hit.bindings)
    guard done.insert(key).inserted else { return }
    let rule = manifest.rules[key.rule]
    let targets = rule.targets.compactMap { $0.name(key.bindings) }
    let found = targets.compactMap { holdings[$0] }
    guard found.count == targets.count else {
      throw WeightsError(
        .exportIncomplete, tensor: targets.first { holdings[$0] == nil }?.string,
        "the bundle does not have this tensor, which \(manifest.label) requires")
    }
    let names = rule.sources.compactMap { $0.name(key.bindings) }
    switch rule.disposition {
    case .initialise, .drop: return
    case .tie(let policy, _): writeTied(names, found[0], rule, isOneTensor: policy == .equal)
    case .map:
      let transform = try Transform(
        inputs: found.map(\.shape),
        steps: try rule.steps(configuration).reversed().map(\.inverse))
      for (position, name) in names.enumerated() {
        result.append(
          ExportTensor(
            name: name, shape: transform.outputs[position],
            content: .transformed(
              inputs: found.map(\.name), transform: transform, output: position)))
      }
    }
  }

  /// - Parameter isOneTensor: whether the library has one tensor under all names, not copies.
  private mutating func writeTied(
    _ names: [TensorName], _ tensor: Holding, _ rule: NamingRule, isOneTensor: Bool
  ) {
    let usual = allTiedNames && isOneTensor ? names : rule.written.map { names[$0] }
    let wanted = isWanted.map { isWanted in names.filter(isWanted) } ?? usual
    var first: TensorName?
    // At least one name must carry the tensor.
    for name in wanted.isEmpty ? usual : wanted {
      // A stale copy is restored as it was.
      let stale = kept[name.string]
      append(name, stale ?? tensor, tiedTo: isOneTensor && stale == nil ? first : nil)
      if stale == nil, first == nil { first = name }
    }
  }

  /// Writes the tensors that the import left out: as they were where the bundle keeps them, and
  /// zeros where the library requires a tensor.
  mutating func writeDropped() throws(WeightsError) {
    for rule in manifest.rules {
      guard case .drop(let drop) = rule.disposition else { continue }
      var isKept = false
      for (text, tensor) in kept.sorted(by: { $0.value.name < $1.value.name }) {
        guard let bindings = drop.canonicalName.match(NameComponents(TensorName(text))),
          let source = rule.sources[0].name(bindings)
        else { continue }
        isKept = true
        if isWanted?(source) ?? true { append(source, tensor) }
      }
      guard !isKept, drop.isExportedAsZeros, let source = rule.sources[0].name(Bindings()) else {
        continue
      }
      guard isWanted?(source) ?? true else { continue }
      var dimensions: [Int] = []
      for expression in drop.shape ?? [] {
        dimensions.append(try expression.required(configuration))
      }
      guard let shape = Shape(checking: dimensions) else {
        throw WeightsError(
          .remapConfiguration, tensor: source.string, "shape \(dimensions) overflows 63 bits")
      }
      result.append(ExportTensor(name: source, shape: shape, content: .zeros))
    }
  }

  private mutating func append(
    _ name: TensorName, _ tensor: Holding, tiedTo first: TensorName? = nil
  ) {
    result.append(
      ExportTensor(
        name: name, shape: tensor.shape,
        content: .transformed(
          inputs: [tensor.name], transform: .identity(tensor.shape), output: 0),
        tiedTo: first))
  }
}
