public import DVLADiagnostics
public import DVLATensors

/// A tensor of a checkpoint to be written, made from tensors of a layout.
public struct ExportTensor: Sendable {
  public let name: TensorName
  public let shape: Shape
  public let content: Content
  /// The tensor written before this one that the library keeps in the same memory.
  public let tiedTo: TensorName?

  public enum Content: Sendable {
    /// Output `output` of the transform of the inputs, which are tensors of the bundle.
    case transformed(inputs: [TensorName], transform: Transform, output: Int)
    /// Zeros: no output depends on the tensor, but the naming's library requires it.
    case zeros
  }

  public init(name: TensorName, shape: Shape, content: Content, tiedTo: TensorName? = nil) {
    self.tiedTo = tiedTo
    self.name = name
    self.shape = shape
    self.content = content
  }
}

/// Applies a naming manifest backwards: determines the checkpoint tensors that layout tensors
/// become.
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

  /// Tensors in the order of the layout, then those that no output depends on.
  ///
  /// - Parameters:
  ///   - manifest: the naming to write, of the bundle's family or of one it contains.
  ///   - isWanted: whether to write a tensor that no output depends on, or one of the names of a
  ///     tied tensor; by default those are written that the naming's own library writes.
  ///   - allTiedNames: whether a tensor that the library keeps once under several names gets all of
  ///     them, as in the state dict of its class.
  /// - Throws: `export.incomplete` when the bundle lacks components or tensors that the naming
  ///   needs, or the naming has no name for one; `remap.shape`.
  public func plan(
    _ manifest: NamingManifest, isWanted: ((TensorName) -> Bool)? = nil,
    allTiedNames: Bool = false
  ) throws(WeightsError) -> [ExportTensor] {
    try requireComponents(of: manifest)
    let here = configuration(of: manifest.family)
    let manifest = manifest.specialised(here)
    var export = ExportDraft(
      manifest: manifest, configuration: here, isWanted: isWanted, allTiedNames: allTiedNames)
    for tensor in tensors {
      if tensor.name.string.utf8.starts(with: unusedPrefix.utf8) {
        export.kept[String(tensor.name.string.dropFirst(unusedPrefix.count))] = tensor
      } else if let local = local(tensor.name, manifest) {
        export.holdings[local] = tensor
      }
    }
    let layout = try library.layout(of: family).tensors(under: configuration)
    for tensor in layout {
      guard let local = local(tensor.name, manifest) else { continue }
      guard let held = export.holdings[local] else {
        throw WeightsError(
          .exportIncomplete, tensor: tensor.name.string,
          "the bundle does not have this tensor, which \(manifest.label) requires")
      }
      guard held.shape == tensor.shape else {
        throw WeightsError(
          .remapShape, tensor: tensor.name.string,
          "expected \(tensor.shape) according to the bundle's configuration, found \(held.shape)")
      }
      try export.write(local)
    }
    try export.writeDropped()
    guard export.unnamed.isEmpty else {
      throw WeightsError(
        .exportIncomplete,
        "\(manifest.label) has no name for \(export.unnamed.folded().joined(separator: ", "))")
    }
    return export.result
  }

  private func local(_ name: TensorName, _ manifest: NamingManifest) -> TensorName? {
    library.components.translate(name, from: family, to: manifest.family)
  }

  /// A component that the bundle does not have may be absent only where every rule for it is
  /// optional.
  private func requireComponents(of manifest: NamingManifest) throws(WeightsError) {
    let table = library.components
    let present = Set(table.components(of: family))
    let components = table.components(of: manifest.family)
    let needed = manifest.rules.filter { !$0.isOptional }.flatMap(\.targets).compactMap {
      table.component(of: TensorName($0.description), in: manifest.family)
    }
    let absent = components.filter { !present.contains($0) && needed.contains($0) }
    guard absent.isEmpty, components.contains(where: present.contains) else {
      throw WeightsError(
        .exportIncomplete, .usage,
        "\(manifest.label) requires "
          + (absent.isEmpty ? components : absent).joined(separator: ", ") + ", "
          + "which a \(family) bundle does not have")
    }
  }
}

extension WeightsError.Code {
  /// The bundle does not have what the naming requires.
  public static let exportIncomplete = Self("export.incomplete")
}
