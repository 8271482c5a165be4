public import DVLADiagnostics
import DVLATensors

/// The naming that explains a checkpoint's names: as they stand, behind a prefix that all of them
/// share, or without what wrappers put inside them.
struct NameSearch {
  /// What was found: namings that explain the names equally well, and how the names are read.
  struct Finding {
    var fits: [NamingFit]
    var wrapping: NameWrapping
    /// Tensors of the checkpoint that are not read, each with the reason.
    var aside: [Recognition.Aside] = []

    /// Whether nothing is missing, unexpected or misshapen.
    var isClean: Bool { fits.first?.isClean ?? false }

    /// What stands beside a model is known for certain families only.
    var isApt: Bool {
      guard let family = fits.first?.match.manifest.family else { return false }
      return aside.allSatisfy { $0.families?.contains(family) ?? true }
    }
  }

  let library: ManifestLibrary
  let modelType: String?
  /// What the user chose of several copies.
  let chosen: String?

  /// Nil where no naming knows half of the names.
  ///
  /// - Throws: `remap.ambiguous` for copies of which the user must choose, `remap.wrapper` for
  ///   names that are two tensors' without their wrapper.
  func find(_ tensors: [NamedTensor]) throws(WeightsError) -> Finding? {
    let plain = NameWrapping(chosen: chosen)
    let direct = Finding(fits: try fits(tensors), wrapping: plain)
    if direct.isClean || direct.fits.first?.lacksRulesOnly == true { return direct }
    var rest = tensors
    var aside: [Recognition.Aside] = []
    setKnownAside(&rest, &aside)
    var forms = [Form(tensors: rest, wrapping: plain)]
    let unwrapped = Form.unwrapping(rest, plain, library.wrappers)
    if case .form(let form)? = unwrapped { forms.append(form) }
    // Each form beside no more than the one before it takes away.
    var partial = [direct]
    for (position, form) in forms.enumerated() {
      if position > 0 || !aside.isEmpty {
        let found = Finding(fits: try fits(form.tensors), wrapping: form.wrapping, aside: aside)
        if found.isClean, found.isApt { return found }
        partial.append(found)
      }
      if let found = try behindOnePrefix(form, aside, &partial) { return found }
    }
    let best = partial.filter(\.isApt).min { $0.rank < $1.rank }
    let plausible = best.flatMap { $0.knowsMost(of: tensors.count) ? $0 : nil }
    for form in forms {
      if let found = try sideBySide(form, aside, hasPlausible: plausible != nil) { return found }
    }
    if case .refused(let error)? = unwrapped { throw error }
    return plausible
  }

  func fits(_ tensors: [NamedTensor]) throws(WeightsError) -> [NamingFit] {
    tensors.isEmpty ? [] : try library.bestFits(tensors, modelType: modelType)
  }

  private func setKnownAside(_ tensors: inout [NamedTensor], _ aside: inout [Recognition.Aside]) {
    var kept: [NamedTensor] = []
    for tensor in tensors {
      if let entry = library.wrappers.beside(tensor) {
        aside.append(.init(tensor: tensor.info, reason: entry.reason, families: entry.families))
      } else {
        kept.append(tensor)
      }
    }
    if !aside.isEmpty { tensors = kept }
  }

  /// The finding behind the prefix that all names share. Of two prefixes under which the same
  /// tensors become the same, the shorter is meant.
  ///
  /// - Throws: `remap.ambiguous` where they become different ones.
  private func behindOnePrefix(
    _ form: Form, _ aside: [Recognition.Aside], _ partial: inout [Finding]
  ) throws(WeightsError) -> Finding? {
    let shared = form.sharedComponents
    guard !shared.isEmpty else { return nil }
    var clean: [Finding] = []
    for prefix in library.anchors.prefixes(in: form.tensors) ?? []
    where !prefix.isEmpty && shared.starts(with: prefix) {
      let found = Finding(
        fits: try fits(form.tensors.map { $0.dropFirst(prefix.count) }),
        wrapping: form.wrapping(behind: prefix), aside: aside)
      if found.isClean, found.isApt { clean.append(found) } else { partial.append(found) }
    }
    guard let first = clean.first else { return nil }
    let infos = form.tensors.map(\.info)
    let meaning = first.fits[0].mapping(of: infos, library: library)
    for other in clean.dropFirst()
    where other.fits[0].mapping(of: infos, library: library) != meaning {
      throw WeightsError(
        .remapAmbiguous, .usage,
        "tensor names fit \(first.words) and \(other.words); say which with --prefix",
        details: [first, other].map { "--prefix \($0.wrapping.prefix.quotedForShell)" })
    }
    return first
  }
}

extension NameSearch.Finding {
  /// What it is, and behind what.
  var words: String {
    let label = fits.first?.match.manifest.label ?? ""
    return wrapping.prefix.isEmpty
      ? label + " without a prefix" : label + " behind " + wrapping.prefix.quoted
  }

  /// Better first: the fewest tensors and rules that do not fit, then the most names known.
  fileprivate var rank: (Int, Int) {
    guard let fit = fits.first else { return (.max, 0) }
    return (fit.problemCount, -fit.match.matchedCount)
  }

  fileprivate func knowsMost(of count: Int) -> Bool {
    (fits.first?.match.matchedCount ?? 0) * 2 > count
  }
}

extension String {
  /// As a shell takes it.
  var quotedForShell: String { isEmpty ? "''" : escapedForTerminal }
}

extension WeightsError.Code {
  /// Names that would be two tensors' without what a wrapper put into them.
  public static let remapWrapper = Self("remap.wrapper")
}
