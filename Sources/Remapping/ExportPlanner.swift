public import Diagnostics
public import TensorCore

/// One tensor of a checkpoint to be written, from tensors of a layout.
public struct ExportTensor: Sendable {
  public let name: TensorName
  public let shape: Shape
  public let content: Content

  public enum Content: Sendable {
    /// Output `output` of the transform over the inputs, which are tensors of the bundle.
    case transformed(inputs: [TensorName], transform: Transform, output: Int)
    /// Zeros: no output depends on the tensor, but the naming's library insists on it.
    case zeros
  }
}

/// A naming manifest read backwards: which checkpoint tensors come from which layout tensors.
public struct ExportPlanner {
  let library: ManifestLibrary
  /// The family of the bundle.
  let family: String
  /// The bundle's tensors, quantized ones under their names before quantization.
  let tensors: [(name: TensorName, shape: Shape)]
  let configuration: Configuration

  public init(
    library: ManifestLibrary, family: String, tensors: [(name: TensorName, shape: Shape)],
    configuration: Configuration
  ) {
    self.library = library
    self.family = family
    self.tensors = tensors
    self.configuration = configuration
  }

  /// The bundle's configuration under another family's keys.
  public func configuration(of target: String) -> Configuration {
    guard target != family else { return configuration }
    return library.components.translate(
      configuration, from: family, to: target,
      taken: Set(library.components.components(of: target)))
  }

  /// Tensors in the order of the layout.
  ///
  /// - Parameters:
  ///   - manifest: the naming to write, of the bundle's family or of one it contains.
  ///   - prefix: text in front of every name.
  ///   - isWanted: of a tied tensor's names, which to write; by default those that the naming's
  ///     own library writes.
  /// - Throws: `export.incomplete` when the bundle lacks tensors that the naming needs;
  ///   `remap.shape`.
  public func plan(
    _ manifest: NamingManifest, prefix: String = "", isWanted: ((TensorName) -> Bool)? = nil
  ) throws(WeightsError) -> [ExportTensor] {
    let here = configuration(of: manifest.family)
    let manifest = manifest.specialised(here)
    var bundleNames: [TensorName: (name: TensorName, shape: Shape)] = [:]
    var order: [TensorName] = []
    for tensor in tensors {
      let local =
        tensor.name.string.hasPrefix(unusedPrefix)
        ? tensor.name
        : library.components.translate(tensor.name, from: family, to: manifest.family)
      guard let local else { continue }
      bundleNames[local] = tensor
      order.append(local)
    }
    var result: [ExportTensor] = []
    var done: Set<InstanceKey> = []
    var unnamed: [TensorName] = []
    for local in order {
      guard let (rule, bindings, isTarget) = manifest.rule(for: local) else {
        if !local.string.hasPrefix(unusedPrefix) { unnamed.append(local) }
        continue
      }
      guard done.insert(InstanceKey(rule: rule, bindings: bindings)).inserted else { continue }
      let definition = manifest.rules[rule]
      let inputs = isTarget ? definition.targets.compactMap { $0.name(bindings) } : [local]
      let found = inputs.compactMap { bundleNames[$0] }
      guard found.count == inputs.count else {
        throw WeightsError(
          .exportIncomplete, tensor: inputs.first { bundleNames[$0] == nil }?.string,
          "the bundle lacks it, and \(manifest.label) needs it")
      }
      let names = definition.sources.compactMap { $0.name(bindings) }.map {
        TensorName(prefix + $0.string)
      }
      switch definition.disposition {
      case .initialise: continue
      case .drop, .tie:
        for (position, name) in names.enumerated()
        where isWanted?(name) ?? definition.written.contains(position) {
          result.append(
            ExportTensor(
              name: name, shape: found[0].shape,
              content: .transformed(
                inputs: [found[0].name], transform: .identity(found[0].shape), output: 0)))
        }
      case .map:
        let steps = try definition.steps(here).reversed().map(\.inverse)
        let transform = try Transform(inputs: found.map(\.shape), steps: steps)
        for (position, name) in names.enumerated() {
          result.append(
            ExportTensor(
              name: name, shape: transform.outputs[position],
              content: .transformed(
                inputs: found.map(\.name), transform: transform, output: position)))
        }
      }
    }
    guard unnamed.isEmpty else {
      throw WeightsError(
        .exportIncomplete,
        "\(manifest.label) has no name for \(unnamed.folded().joined(separator: ", "))")
    }
    return result
  }
}

private struct InstanceKey: Hashable {
  let rule: Int
  let bindings: Bindings
}

extension NamingManifest {
  /// The rule that makes a layout tensor, or that dropped a kept one.
  fileprivate func rule(
    for name: TensorName
  ) -> (rule: Int, bindings: Bindings, isTarget: Bool)? {
    let components = NameComponents(name)
    let kept =
      name.string.hasPrefix(unusedPrefix)
      ? NameComponents(TensorName(String(name.string.dropFirst(unusedPrefix.count)))) : nil
    for (index, rule) in rules.enumerated() {
      if let kept, case .drop(let drop) = rule.disposition,
        let bindings = drop.canonicalName.match(kept)
      {
        return (index, bindings, false)
      }
      for target in rule.targets {
        if let bindings = target.match(components) { return (index, bindings, true) }
      }
    }
    return nil
  }
}

extension WeightsError.Code {
  /// The bundle does not hold what the naming needs.
  public static let exportIncomplete = Self("export.incomplete")
}
