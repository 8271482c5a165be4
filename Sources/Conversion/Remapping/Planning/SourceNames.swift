import DVLATensors

/// The names of layout tensors in the bundle's family and in the families of the sources, as far as
/// their components are taken from those sources.
struct SourceNames {
  let library: ManifestLibrary
  /// The family of the bundle.
  let family: String
  let sources: [RemapPlanner.Source]
  /// For each source, the components that are taken from it.
  let taken: [Set<String>]
  /// For each source, its rules by the tensors that they make.
  private let makers: [RuleIndex]

  init(
    library: ManifestLibrary, family: String, sources: [RemapPlanner.Source],
    taken: [Set<String>]
  ) {
    self.library = library
    self.family = family
    self.sources = sources
    self.taken = taken
    makers = sources.map { RuleIndex($0.recognition.manifest.rules, by: \.targets) }
  }

  /// The rules of a source.
  func rule(of instance: RuleInstance, in source: Int) -> NamingRule {
    sources[source].recognition.manifest.rules[instance.rule]
  }

  /// The bundle's name of a layout tensor of a source; nil where its component is not taken from
  /// that source.
  func bundleName(of name: TensorName, in source: Int) -> TensorName? {
    let own = sources[source].recognition.family
    guard let component = library.components.component(of: name, in: own),
      taken[source].contains(component)
    else { return nil }
    return library.components.translate(name, from: own, to: family)
  }

  /// The name in the family of a source of a layout tensor of the bundle; nil where its component
  /// is not taken from that source.
  func localName(of name: TensorName, in source: Int) -> TensorName? {
    guard let component = library.components.component(of: name, in: family),
      taken[source].contains(component)
    else { return nil }
    return library.components.translate(
      name, from: family, to: sources[source].recognition.family)
  }

  /// The rule of a source that makes a layout tensor of the bundle; nil where there is none.
  func maker(
    of name: TensorName, in source: Int
  ) -> (rule: NamingRule, bindings: Bindings)? {
    guard let local = localName(of: name, in: source),
      let hit = try? makers[source].hit(NameComponents(local))
    else { return nil }
    return (sources[source].recognition.manifest.rules[hit.rule], hit.bindings)
  }

  /// The part of the bundle's configuration that a source's family has, under the keys of that
  /// family.
  func configuration(_ configuration: Configuration, of source: Int) -> Configuration {
    library.components.translate(
      configuration, from: family, to: sources[source].recognition.family, taken: taken[source])
  }
}
