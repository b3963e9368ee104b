# The table of benches/peers/run: least processor time of each measurement, and its ratio to ours.
function least(name, value) {
    if (!(name in time) || value < time[name]) time[name] = value
    if (!(name in seen)) { seen[name] = 1; order[++count] = name }
}
/ns per trajectory and step/ && match($0, /[0-9.]+ of processor time/) {
    split($0, part, ": [0-9]"); least(part[1], substr($0, RSTART) + 0); sum[part[1]] = $0; sub(/.*check /, "", sum[part[1]]); sub(/\).*/, "", sum[part[1]])
}
/us per trajectory/ && match($0, /[0-9.]+ of processor time/) {
    value = substr($0, RSTART) + 0
    name = $0; sub(/: [0-9.]+ us.*/, "", name)
    least(name, value)
    error[name] = $0; sub(/.*median error /, "", error[name]); sub(/,.*/, "", error[name])
}
# Time at this error on the line through the logarithms of two neighbours.
function at(family, wanted,    i, e, t, pe, pt, best) {
    pe = ""
    for (i = 1; i <= count; i++) if (index(order[i], family) == 1 && order[i] in error) {
        e = log(error[order[i]] + 0); t = log(time[order[i]])
        if (pe != "" && ((wanted <= pe && wanted >= e) || best == "")) best = pt + (t - pt) * (wanted - pe) / (e - pe)
        pe = e; pt = t
    }
    return exp(best)
}
END {
    print "INDIAN on the valley, 10^5 triples x 2,000 steps"
    printf "%-62s %10s %10s   %s\n", "", "ns", "over ours", "sum of the ends"
    base = time["indian valley"]
    for (i = 1; i <= count; i++) if (!(order[i] in error) && (order[i] ~ /valley/ || order[i] ~ /expr:100/))
        printf "%-62s %10.3f %10.2f   %s\n", order[i], time[order[i]], time[order[i]] / base, sum[order[i]]
    print ""
    print "DIN on the double well, 10^4 trajectories to t = 20; `at equal error`: ours over Boost at the median error of that row"
    printf "%-62s %10s %12s %16s\n", "", "us", "median error", "at equal error"
    for (i = 1; i <= count; i++) if (order[i] in error) {
        name = order[i]; ratio = "-"
        if (name ~ /^din/ && count_of("Boost")) ratio = sprintf("%.2f", time[name] / at("Boost", log(error[name] + 0)))
        printf "%-62s %10.3f %12s %16s\n", name, time[name], error[name], ratio
    }
}
function count_of(family,    i, n) {
    for (i = 1; i <= count; i++) if (index(order[i], family) == 1) n++
    return n
}
