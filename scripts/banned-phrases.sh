#!/usr/bin/env bash
# Prints every use of a phrase of `scripts/banned-phrases.txt`, as `FILE:LINE: PHRASE => WHAT TO WRITE`,
# and exits with 1 if there is any.
#
#   scripts/banned-phrases.sh [--summary] [PATH …]
#
# Paths are files and folders; without any, all text of the project that people read. With
# `--summary` only counts are printed: of each file and of each pattern.
set -euo pipefail
summary=0
if [ "${1:-}" = --summary ]; then summary=1; shift; fi
list=$(cd "$(dirname "$0")" && pwd)/banned-phrases.txt
if [ $# = 0 ]; then
  cd "$(dirname "$0")/.."
  set -- *.md .ci .github cargo-memcheck docs examples memcheck-lib scripts tests
fi
find "$@" \( -name target -o -name book -o -name node_modules \) -prune -o -type f \
    \( -name '*.md' -o -name '*.rs' -o -name '*.sh' -o -name '*.yml' -o -name '*.toml' -o -path '*.ci/run' \) \
    -print0 | sort -z | SUMMARY=$summary LIST=$list exec perl -0 -e '
  use strict; use warnings;
  my @phrases;
  open my $list, "<", $ENV{LIST} or die "$ENV{LIST}: $!";
  { local $/ = "\n";
    while (my $line = <$list>) {
      chomp $line;
      next if $line =~ /^\s*(#|$)/;
      my ($pattern, $write) = split / => /, $line, 2;
      die "$ENV{LIST}: no ` => ` in: $line\n" unless defined $write;
      # A lookbehind has a fixed length, so its spaces stay; a class keeps its own.
      my $spaced = join "", map { /^\(\?<|^\[/ ? $_ : s{ }{(?: +|\\s*\\n\\s*(?://[/!]?|#|\\|)?\\s*)}gr }
        split /(\(\?<[!=][^()]*\)|\[[^\]]*\])/, $pattern;
      push @phrases, [$pattern, qr/$spaced/i, $write];
    } }
  my (%files, %patterns, $hits);
  while (my $file = <STDIN>) {
    chomp $file;
    # The names of simulated bodies are the seeds of the table, so they stay.
    next if $file =~ m{evidence/verdict-table\.md$|operating_characteristics/body\.rs$};
    open my $in, "<", $file or die "$file: $!";
    my $text = do { local $/; <$in> };
    my @found;
    for my $phrase (@phrases) {
      my ($pattern, $regex, $write) = @$phrase;
      while ($text =~ /$regex/g) {
        my ($start, $end) = ($-[0], $+[0]);
        my $line = 1 + (substr($text, 0, $start) =~ tr/\n//);
        my $used = substr($text, $start, $end - $start) =~ s/\s+/ /gr;
        push @found, [$line, "$file:$line: $used => $write\n"];
        $files{$file}++; $patterns{$pattern}++; $hits++;
      }
    }
    next if $ENV{SUMMARY};
    print $_->[1] for sort { $a->[0] <=> $b->[0] } @found;
  }
  if ($ENV{SUMMARY}) {
    for my $count (\%files, \%patterns) {
      printf "%5d  %s\n", $count->{$_}, $_
        for sort { $count->{$b} <=> $count->{$a} || $a cmp $b } keys %$count;
      print "\n";
    }
  }
  exit($hits ? 1 : 0);
'
