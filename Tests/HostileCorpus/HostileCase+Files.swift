public import DVLATestSupport

#if canImport(Glibc)
  import Glibc
#endif

extension HostileCase {
  /// Writes the case, a file or a folder of that name, and returns its path.
  @discardableResult
  public func write(to scratch: ScratchFolder, as name: String) throws -> String {
    switch content {
    case .file(let bytes): return try scratch.write(bytes(), to: name)
    case .folder(let entries):
      try scratch.makeFolder(name)
      for (entry, content) in entries {
        let place = name + "/" + entry
        if let slash = place.lastIndex(of: "/") { try scratch.makeFolder(String(place[..<slash])) }
        switch content {
        case .file(let bytes): try scratch.write(bytes, to: place)
        case .link(let target): try scratch.link(place, to: target)
        case .folder: try scratch.makeFolder(place)
        case .pipe:
          guard unsafe mkfifo(scratch(place), 0o600) == 0 else { throw HostileCaseError.pipe }
        }
      }
      return scratch(name)
    }
  }
}

enum HostileCaseError: Error {
  /// The system makes no pipe.
  case pipe
  /// What a case changes is not in the sound file.
  case notThere(String)
}
